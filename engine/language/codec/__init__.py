"""Values to bytes and back, each place of a request with its own rule of escaping."""

from engine.language.codec.body import decode_body
from engine.language.codec.charset import CodecError, decode_text
from engine.language.codec.form import decode_form, encode_form, encode_query
from engine.language.codec.json import decode_json, encode_json
from engine.language.codec.places import header_name, header_value, literal_path, path_value, segment, xml_text

__all__ = [
    "CodecError",
    "decode_body",
    "decode_form",
    "decode_json",
    "decode_text",
    "encode_form",
    "encode_json",
    "encode_query",
    "header_name",
    "header_value",
    "literal_path",
    "path_value",
    "segment",
    "xml_text",
]

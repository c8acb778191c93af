"""Values to bytes and back, each place of a request with its own rule of escaping."""

from engine.language.codec.body import decode_body as decode_body
from engine.language.codec.charset import CHARSETS as CHARSETS
from engine.language.codec.charset import CodecError as CodecError
from engine.language.codec.charset import decode_text as decode_text
from engine.language.codec.csv import decode_csv as decode_csv
from engine.language.codec.form import decode_form as decode_form
from engine.language.codec.form import encode_form as encode_form
from engine.language.codec.form import encode_query as encode_query
from engine.language.codec.json import decode_json as decode_json
from engine.language.codec.json import encode_json as encode_json
from engine.language.codec.multipart import Part as Part
from engine.language.codec.multipart import encode_multipart as encode_multipart
from engine.language.codec.places import header_name as header_name
from engine.language.codec.places import header_value as header_value
from engine.language.codec.places import literal_path as literal_path
from engine.language.codec.places import path_value as path_value
from engine.language.codec.places import segment as segment
from engine.language.codec.places import xml_text as xml_text
from engine.language.codec.xml import decode_xml as decode_xml
from engine.language.codec.xml import encode_xml as encode_xml

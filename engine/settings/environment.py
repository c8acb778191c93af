"""What the variables TOLMACH_… say: where the service listens and how much it takes."""

import difflib
from collections.abc import Iterable
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from engine.errors import TolmachError

PREFIX: Final = "TOLMACH_"

Seconds = Annotated[float, Field(gt=0, le=3600, allow_inf_nan=False)]


class VariableError(TolmachError):
    """A variable cannot be used. The text is one line that names it and says what to write, never its value."""


class Environment(BaseSettings):
    """How the service runs. Times in seconds, sizes in bytes; an empty variable counts as not set."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    host: Annotated[str, Field(description="Address to listen on; 0.0.0.0 for all")] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535, description="Port; 0 lets the system choose one")] = 8080
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "console"] = "json"
    wire: Annotated[Literal["aiohttp", "httpx2"], Field(description="HTTP client; httpx2 speaks HTTP/2")] = "aiohttp"
    max_body: Annotated[int, Field(ge=1024, le=2**30, description="Largest request body")] = 2**20
    max_headers: Annotated[int, Field(ge=1024, le=2**20, description="Largest request line with headers")] = 32 * 1024
    max_connections: Annotated[int, Field(ge=1, le=100_000, description="Open connections, then 503")] = 1000
    receive_timeout: Annotated[Seconds, Field(description="A request must have arrived within this time")] = 10.0
    keep_alive: Annotated[int, Field(ge=1, le=3600, description="An idle connection is closed after this time")] = 30
    max_deadline: Annotated[Seconds, Field(description="The longest deadline a caller may ask for")] = 120.0
    grace: Annotated[Seconds, Field(description="Time to finish calls under way when stopping")] = 20.0
    drain: Annotated[float, Field(ge=0, le=600, description="Not ready, but still accepting, when stopping")] = 1.0
    key_rate: Annotated[int, Field(ge=0, le=10**6, description="Calls per second of one API key; 0: no limit")] = 0
    failures: Annotated[int, Field(ge=0, le=1000, description="Failed calls of a project kept to be explained")] = 50
    docs: Annotated[bool, Field(description="Serve /docs and /openapi.json")] = True
    store: Annotated[str, Field(repr=False, description="What survives a restart: a file, or postgresql://…")] = (
        "tolmach.db"
    )
    store_keys: Annotated[SecretStr | None, Field(description="Keys of stored tokens; the first one seals")] = None
    store_keys_file: Annotated[Path | None, Field(description="A file with these keys instead")] = None
    proxies: Annotated[str | None, Field(description="Networks of proxies whose X-Forwarded-For is believed")] = None
    metrics_key: Annotated[SecretStr | None, Field(description="Bearer token that /metrics asks for")] = None

    @field_validator("proxies")
    @classmethod
    def _networks(cls, value: str | None) -> str | None:
        for one in (value or "").replace(",", " ").split():
            ip_network(one)
        return value

    def seal_keys(self) -> str:
        """The keys that seal stored values, "" for none. Raises VariableError."""
        if self.store_keys_file is None:
            return self.store_keys.get_secret_value() if self.store_keys else ""
        try:
            return self.store_keys_file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            raise VariableError(
                f"environment variable {PREFIX}STORE_KEYS_FILE: the file cannot be read as text"
            ) from None


def load_environment(**given: object) -> Environment:
    """The process's own variables, but for what is given (and not None) by hand. Raises VariableError."""
    try:
        return Environment.model_validate({name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        found = {str(row["loc"][0]): row["msg"] for row in error.errors(include_input=False)}
    raise VariableError(
        "; ".join(f"{_origin(name, given)}: {text[:1].lower()}{text[1:]}" for name, text in found.items())
    )


def _origin(name: str, given: dict[str, object]) -> str:
    variable = f"{PREFIX}{name.upper()}"
    return f"environment variable {variable}" if given.get(name) is None else f"--{name} ({variable})"


def misspelt(names: Iterable[str]) -> dict[str, str]:
    """Variables with our prefix that nothing reads but that nearly bear a known name, with that name."""
    known = {f"{PREFIX}{field.upper()}" for field in Environment.model_fields}
    strange = [name for name in names if name.upper().startswith(PREFIX) and name.upper() not in known]
    near = {name: difflib.get_close_matches(name.upper(), known, 1, 0.85) for name in strange}
    return {name: found[0] for name, found in near.items() if found}

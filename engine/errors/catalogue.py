"""The catalogue of call errors (contracts.md): one row per code."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Fault:
    """What a code means to the caller: HTTP status, whether to try again, what a bot may say in ru and en."""

    code: str
    status: int
    title: str
    ru: str
    en: str
    retryable: bool = False
    raisable: bool = False
    """A connector's error rule may name it."""


_SORRY_RU = "Сервис временно недоступен. Попробуйте, пожалуйста, чуть позже."
_SORRY_EN = "The service is temporarily unavailable. Please try again a little later."
_FAILED_RU = "Не удалось получить ответ от системы банка. Мы уже разбираемся."
_FAILED_EN = "The bank's system could not answer. We are looking into it."

_ROWS: tuple[Fault, ...] = (
    Fault(
        "invalid_input",
        400,
        "The input does not fit",
        "Проверьте, пожалуйста, введённые данные.",
        "Please check what you entered.",
        raisable=True,
    ),
    Fault("unauthenticated", 401, "No valid key", "Нет доступа.", "No access."),
    Fault("forbidden", 403, "The key does not allow this", "Нет доступа.", "No access."),
    Fault("unknown_operation", 404, "No such operation", "Такой услуги нет.", "There is no such service."),
    Fault("not_found", 404, "Nothing was found", "Ничего не найдено.", "Nothing was found.", raisable=True),
    Fault(
        "ambiguous",
        409,
        "More than one was found",
        "Найдено несколько записей, уточните, пожалуйста, запрос.",
        "Several records were found, please be more specific.",
        raisable=True,
    ),
    Fault(
        "conflict",
        409,
        "It is already so, or was changed meanwhile",
        "Данные уже изменились, попробуйте ещё раз.",
        "The data has already changed, please try again.",
        raisable=True,
    ),
    Fault(
        "client_unauthorized",
        401,
        "The client's token is not valid",
        "Войдите, пожалуйста, в приложение ещё раз.",
        "Please sign in to the app again.",
        raisable=True,
    ),
    Fault("rate_limited", 429, "Too many requests", _SORRY_RU, _SORRY_EN, retryable=True, raisable=True),
    Fault(
        "upstream_unavailable", 503, "The system cannot be reached", _SORRY_RU, _SORRY_EN, retryable=True, raisable=True
    ),
    Fault("circuit_open", 503, "The system is not being asked for now", _SORRY_RU, _SORRY_EN, retryable=True),
    Fault(
        "upstream_timeout",
        504,
        "The system did not answer in time",
        _SORRY_RU,
        _SORRY_EN,
        retryable=True,
        raisable=True,
    ),
    Fault("deadline_exceeded", 504, "The caller's deadline passed", _SORRY_RU, _SORRY_EN, retryable=True),
    Fault("upstream_auth", 502, "The system refused our credentials", _FAILED_RU, _FAILED_EN, raisable=True),
    Fault("upstream_rejected", 502, "The system refused the request", _FAILED_RU, _FAILED_EN, raisable=True),
    Fault("upstream_error", 502, "The system reported an error of its own", _FAILED_RU, _FAILED_EN, raisable=True),
    Fault("response_unreadable", 502, "The system's answer cannot be read", _FAILED_RU, _FAILED_EN),
    Fault("mapping_failed", 502, "The system's answer lacks what is required", _FAILED_RU, _FAILED_EN),
    Fault("contract_violated", 502, "The mapped answer does not fit the contract", _FAILED_RU, _FAILED_EN),
    Fault("paging_loop", 502, "The system's pages repeat", _FAILED_RU, _FAILED_EN),
    Fault("blocked_host", 502, "The address may not be reached", _FAILED_RU, _FAILED_EN),
    Fault(
        "outcome_unknown",
        502,
        "A write was sent, its answer was lost",
        "Мы не знаем, выполнена ли операция. Проверьте, пожалуйста, позже.",
        "We do not know whether it was done. Please check a little later.",
        raisable=True,
    ),
    Fault("too_large", 413, "The request is too large", "Слишком большой запрос.", "The request is too large."),
    Fault("overloaded", 503, "Too much work at once", _SORRY_RU, _SORRY_EN, retryable=True),
    Fault("queue_full", 503, "The queue is full", _SORRY_RU, _SORRY_EN, retryable=True),
    Fault("storage_full", 507, "The storage is full", _SORRY_RU, _SORRY_EN, retryable=True),
    Fault("internal", 500, "An error in the engine", _SORRY_RU, _SORRY_EN),
)

CATALOGUE: Final[dict[str, Fault]] = {row.code: row for row in _ROWS}
RAISABLE: Final[tuple[str, ...]] = tuple(row.code for row in _ROWS if row.raisable)

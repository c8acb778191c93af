"""What each string of an output feeds: a member of the answer, and what the contract has there."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from engine.language.expression import Expression
from engine.language.template import Template
from engine.spec.action import Action
from engine.spec.connector import Connector
from engine.spec.contracts.contract import models_in
from engine.spec.operation import Operation
from engine.spec.tree.constructs import Each, Expr, Let, Merge, When
from engine.spec.tree.nodes import Leaf, List, Object


@dataclass(frozen=True, slots=True)
class Feed:
    """One string and the member it feeds.

    `operation` and the `path` of the member in its answer; `contract`: it is one, and `member` what it has there.
    `may`: null is meant. `where`: it chooses what stays. `table`, `default`: what `map` makes of it, or of null.
    """

    compiled: Expression | Template
    operation: str
    path: tuple[str, ...] = ()
    contract: type[BaseModel] | None = None
    member: FieldInfo | None = None
    may: bool = False
    where: bool = False
    table: Mapping[str, Any] | None = None
    default: bool = False


def feeds(connector: Connector) -> Iterator[Feed]:
    """Every string of the outputs, once for each member it feeds."""
    for name, operation in connector.operations.items():
        contract = operation.contract.output if operation.contract is not None else None
        for action in (operation, *(one for step in operation.known_steps for one in (step, *step.first_of))):
            answers = contract if action is operation or operation.output is None else None
            yield from _action(action, name, answers)


def _action(action: Action, operation: str, contract: type[BaseModel] | None) -> Iterator[Feed]:
    yield from (Feed(one, operation) for _, one in action.let)
    own = action.output is not None and (contract is not None or isinstance(action, Operation))
    path = () if own else ("output",)
    yield from _tree(action.output, Feed(None, operation, path, contract))  # type: ignore[arg-type]  # filled in below


def _tree(node: Any, feed: Feed) -> Iterator[Feed]:
    """The strings of a node; `feed` is what they have in common."""
    if isinstance(node, Leaf):
        yield replace(feed, compiled=node.compiled)
    elif isinstance(node, Object):
        for member in node.members:
            yield from _tree(member.node, _below(feed, member.key, member.optional))
    elif isinstance(node, Each):
        yield from (Feed(one, feed.operation, feed.path, feed.contract, may=feed.may) for _, one in node.sources)
        yield from (Feed(one, feed.operation) for _, one in node.lets)
        chosen = (one for one in (node.where, node.having) if one is not None)
        yield from (Feed(one, feed.operation, feed.path, may=True, where=True) for one in chosen)
        yield from _tree(node.body, replace(feed, may=False))
    elif isinstance(node, Expr):
        yield replace(feed, compiled=node.expression, table=node.table, default=node.default is not None)
        yield from _tree(node.default, feed)
    else:
        yield from _more(node, feed)


def _more(node: Any, feed: Feed) -> Iterator[Feed]:
    if isinstance(node, When):
        yield Feed(node.condition, feed.operation, may=True)
        yield from _tree(node.body, replace(feed, may=False))
    elif isinstance(node, Let):
        yield from (Feed(one, feed.operation) for _, one in node.lets)
        yield from _tree(node.body, feed)
    elif isinstance(node, List | Merge):
        parts = node.items if isinstance(node, List) else node.parts
        for part in parts:
            yield from _tree(part, replace(feed, may=feed.may or len(parts) > 1))


def _below(feed: Feed, key: str, optional: bool) -> Feed:
    member, inside = None, feed.contract
    if inside is not None:
        inside = next(models_in(feed.member.annotation), None) if feed.member is not None else inside
        member = inside.model_fields.get(key) if inside is not None else None
    return replace(feed, path=(*feed.path, key), member=member, may=feed.may or optional)

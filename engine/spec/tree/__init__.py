"""The one tree language: request bodies, replies and outputs are trees of these nodes."""

from engine.spec.tree.build import read_tree, write_tree
from engine.spec.tree.nodes import ABSENT, Node, Scope
from engine.spec.tree.shape import FREE, Shape, contract_shape

__all__ = ["ABSENT", "FREE", "Node", "Scope", "Shape", "contract_shape", "read_tree", "write_tree"]

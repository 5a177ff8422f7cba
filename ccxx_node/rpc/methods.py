"""All methods together, and `help`, which knows them."""

from __future__ import annotations

from ccxx_node.rpc import (
    addresses,
    blockchain,
    blocks,
    building,
    control,
    fees,
    indexes,
    mempool,
    messages,
    mining,
    network,
    peers,
    proofs,
    psbts,
    scanning,
    signing,
    statistics,
    transactions,
)
from ccxx_node.rpc.arguments import as_text
from ccxx_node.rpc.registry import Registry
from ccxx_node.rpc.services import NodeServices
from ccxx_node.rpc.wire import Json

_MODULES = (
    addresses,
    blockchain,
    blocks,
    building,
    control,
    fees,
    indexes,
    mempool,
    messages,
    mining,
    network,
    peers,
    proofs,
    psbts,
    scanning,
    signing,
    statistics,
    transactions,
)

REGISTRY = Registry()
for _module in _MODULES:
    REGISTRY.methods |= _module.METHODS.methods


@REGISTRY.method("Control")
def help(node: NodeServices, command: Json = None) -> str:  # noqa: ARG001
    """List all methods, or explain one."""
    name = "" if command is None else as_text(command)
    if name:
        method = REGISTRY.methods.get(name)
        return method.help if method is not None else f"help: unknown command: {name}"
    shown = [method for method in REGISTRY.methods.values() if not method.is_hidden]
    sections = []
    for section in sorted({method.section for method in shown}):
        usages = sorted(method.usage for method in shown if method.section == section)
        sections.append("\n".join([f"== {section} ==", *usages]))
    return "\n\n".join(sections)

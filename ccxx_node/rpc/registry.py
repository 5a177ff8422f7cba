"""Methods by name: how a call finds its function, its parameters and its help text."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ccxx_node.rpc.errors import Code, RpcFault, misuse
from ccxx_node.rpc.kinds import KINDS, NO_KINDS, Kinds
from ccxx_node.rpc.services import NodeServices
from ccxx_node.rpc.wire import Json

Handler = Callable[..., Json]

# What is asked to learn that the node still starts.
_ANSWERED_AT_START = frozenset({"getnodehealth"})


@dataclass(frozen=True, slots=True)
class Method:
    """One RPC method; parameters are those of its function after the first, the node.

    One that outlives its caller goes on when the connection is lost; what else takes time ends.
    """

    name: str
    section: str
    summary: str
    handler: Handler
    parameters: tuple[str, ...]
    required: int
    aliases: Mapping[str, str] = field(default_factory=dict)
    is_hidden: bool = False
    outlives_caller: bool = False
    kinds: Kinds = NO_KINDS

    @property
    def usage(self) -> str:
        """One line: the name and its parameters, optional ones in parentheses."""
        needed = " ".join(self.parameters[: self.required])
        optional = " ".join(self.parameters[self.required :])
        parts = [self.name, needed, f"( {optional} )" if optional else ""]
        return " ".join(part for part in parts if part)

    @property
    def help(self) -> str:
        """The usage line and what the method does."""
        return f"{self.usage}\n\n{self.summary}"

    def arrange(self, params: Sequence[Json] | Mapping[str, Json]) -> list[Json]:
        """Return positional parameters, or raise the fault that explains the usage."""
        given = self._order(params) if isinstance(params, dict) else list(params)
        if not self.required <= len(given) <= len(self.parameters):
            raise RpcFault(Code.MISC_ERROR, self.help)
        self.kinds.check(given)
        return given

    def _order(self, params: Mapping[str, Json]) -> list[Json]:
        by_name: dict[str, Json] = {}
        for given, value in params.items():
            name = self.aliases.get(given, given)
            # Of two spellings of one parameter the second is one too many.
            if name not in self.parameters or name in by_name:
                raise misuse(f"Unknown named parameter {given}")
            by_name[name] = value
        last = max((self.parameters.index(name) for name in by_name), default=-1)
        return [by_name.get(name) for name in self.parameters[: last + 1]]


class Registry:
    """All methods that a node answers."""

    def __init__(self) -> None:
        self.methods: dict[str, Method] = {}

    def method(
        self,
        section: str,
        *,
        aliases: Mapping[str, str] | None = None,
        is_hidden: bool = False,
        names: tuple[str, ...] = (),
        outlives_caller: bool = False,
    ) -> Callable[[Handler], Handler]:
        """Register a function under its own name; its docstring is the help text.

        `aliases` maps other spellings of named parameters to the function's; `names` names those
        of a function that takes any number.
        """

        def register(handler: Handler) -> Handler:
            parameters = list(inspect.signature(handler).parameters.values())[1:]
            name = handler.__name__
            needed = [p for p in parameters if p.default is p.empty]
            self.methods[name] = Method(
                name=name,
                section=section,
                summary=inspect.getdoc(handler) or "",
                handler=handler,
                parameters=names or tuple(parameter.name for parameter in parameters),
                required=sum(p.kind is not p.VAR_POSITIONAL for p in needed),
                aliases=aliases or {},
                is_hidden=is_hidden,
                outlives_caller=outlives_caller,
                kinds=KINDS.get(name, NO_KINDS),
            )
            return handler

        return register

    def find(self, node: NodeServices, name: str) -> Method:
        """Return a method by name, or raise `RpcFault`: unknown, or the node is still starting."""
        if node.starting is not None and name not in _ANSWERED_AT_START:
            raise RpcFault(Code.IN_WARMUP, node.starting)
        method = self.methods.get(name)
        if method is None:
            raise RpcFault(Code.METHOD_NOT_FOUND, "Method not found")
        return method

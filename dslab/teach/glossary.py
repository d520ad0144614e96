"""Terms, each defined once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dslab.teach.page import Table


class Glossary:
    """Terms and their definitions. Terms are found whatever their case; raises ValueError where one is defined twice or empty."""

    def __init__(self, terms: Mapping[str, str] | Iterable[tuple[str, str]]) -> None:
        self._terms: dict[str, tuple[str, str]] = {}
        for term, definition in terms.items() if isinstance(terms, Mapping) else terms:
            self._define(term, definition)
        if not self._terms:
            raise ValueError("a glossary needs at least one term")

    def _define(self, term: str, definition: str) -> None:
        if not term.strip() or not definition.strip():
            raise ValueError(f"the term {term!r} has the definition {definition!r}; neither may be empty")
        if term.casefold() in self._terms:
            raise ValueError(f"the term {term!r} is defined twice; a term has one meaning")
        self._terms[term.casefold()] = (term, definition)

    def __contains__(self, term: object) -> bool:
        """Tell whether a term is defined."""
        return isinstance(term, str) and term.casefold() in self._terms

    def __getitem__(self, term: str) -> str:
        """Give a definition; KeyError names the terms that there are."""
        if term not in self:
            raise KeyError(f"{term!r} is not in the glossary; it has {', '.join(self.terms)}")
        return self._terms[term.casefold()][1]

    @property
    def terms(self) -> tuple[str, ...]:
        """All terms, in the order of the alphabet."""
        return tuple(self._terms[key][0] for key in sorted(self._terms))

    def __or__(self, other: Glossary) -> Glossary:
        """Join two glossaries; ValueError where both define a term, unless in the same words."""
        mine = {self._terms[key] for key in self._terms}
        pairs = [*self._terms.values(), *(pair for pair in other._terms.values() if pair not in mine)]
        return Glossary(pairs)

    def table(self, *terms: str, caption: str = "Words") -> Table:
        """Show all terms, or only these, with their definitions."""
        return Table(caption, ("term", "meaning"), [(term, self[term]) for term in terms or self.terms])

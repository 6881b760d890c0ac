"""The licence of every file of one listing: of the nearest licence text above it, or what the service says of all."""

from __future__ import annotations

import posixpath
from contextlib import AbstractAsyncContextManager
from typing import Any

from voxel.sources.fetching import Fetcher
from voxel.sources.origin import Listing, Origin, Tap
from voxel.sources.policy import Policy
from voxel.sources.rows import Repository
from voxel.sources.tree import LicenceTexts, readme


class Rights:
    """The licence of every file of one listing; opens the repository for reading when it first needs a text."""

    def __init__(
        self, fetcher: Fetcher, origin: Origin, policy: Policy, repository: Repository, listing: Listing
    ) -> None:
        self.texts = LicenceTexts(listing.entries)
        self.tap: Tap | None = None
        self._fetcher = fetcher
        self._origin = origin
        self._policy = policy
        self._repository = repository._replace(pin=listing.pin)
        self._readme = readme(listing.entries)
        self._opened: AbstractAsyncContextManager[Tap] | None = None
        self._known: dict[str, tuple[str, str]] = {}
        self._hint: str | None = None

    async def __aenter__(self) -> Rights:
        return self

    async def __aexit__(self, *error: Any) -> None:
        if self._opened is not None:
            await self._opened.__aexit__(*error)

    async def _open(self) -> Tap:
        if self.tap is None:
            self._opened = self._origin.tap(self._repository)
            self.tap = await self._opened.__aenter__()
        return self.tap

    async def of(self, path: str) -> tuple[str, str]:
        """SPDX expression (empty when unknown) and whom to name."""
        folder = posixpath.dirname(path)
        if folder not in self._known:
            self._known[folder] = await self._find(path)
        return self._known[folder]

    async def _find(self, path: str) -> tuple[str, str]:
        authors = f"The authors of {self._repository.name}"
        api = self._repository.api_licence
        above = self.texts.above(path)
        outermost = not above or (len(above) == 1 and "/" not in above[0][0].path)
        if api and outermost and self._policy.refusal(api):
            return api, authors  # the service has read the only text there is
        for texts in above:
            read = await self._fetcher.licences(await self._open(), texts)
            known = [each for each in read if each[0]]
            if known:
                spdx = list(dict.fromkeys(each[0] for each in known))
                names = dict.fromkeys(each[1] for each in known if each[1])
                return " OR ".join(spdx), "; ".join(names) or authors
            if "/" in texts[0].path:
                return "", authors  # a folder with terms of its own that are not understood
        return api, authors

    async def hint(self) -> str:
        """What the README says about a licence, for the reason of a refusal: no licence follows from it."""
        if self._hint is None:
            self._hint = ""
            if self._readme is not None:
                ((spdx, _),) = await self._fetcher.licences(await self._open(), [self._readme], hint=True)
                self._hint = f"; its README mentions {spdx}" if spdx else ""
        return self._hint

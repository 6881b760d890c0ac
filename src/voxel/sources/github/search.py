"""Finds repositories: searches cut into windows of creation time until each holds fewer than the API will list.

The API gives at most 1,000 results a query, so a window with more is cut in two. The last window ends far in the
future, and where a window was cut is kept, so that a later run asks for the very same addresses, whose ETags then
answer for them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from voxel.errors import TryLater, UsageError
from voxel.sources import clock
from voxel.sources.book import Book
from voxel.sources.github.answers import SearchAnswer, read, refusal
from voxel.sources.replies import Etag

if TYPE_CHECKING:
    from voxel.sources.web import Web

DEFAULT_QUERIES = (
    "topic:blender",
    "topic:blender3d",
    "topic:blender-3d",
    "topic:blender-models",
    "topic:blender-addon",
    "topic:blender-python",
    "topic:blender-scripts",
    "topic:bpy",
    "topic:geometry-nodes",
    "topic:low-poly",
    "topic:3d-models",
    "topic:3d-assets",
    "blender in:name,description",
    "bpy in:name,description",
    '"blend files" in:readme',
    "blender language:Python in:readme",
)
"""Topics, languages and words that people who use Blender put on their repositories."""

MOST_RESULTS = 1000
PAGE = 100
LONGEST_QUERY = 256
FIRST = int(datetime(2008, 1, 1, tzinfo=UTC).timestamp())
"""Before GitHub's first repository."""
LAST = int(datetime(2099, 12, 31, tzinfo=UTC).timestamp())
INCOMPLETE_ATTEMPTS = 4


class Searcher:
    """Writes what queries find into the book, at most `most` repositories of this selection."""

    def __init__(self, web: Web, book: Book, most: int | None, note: Callable[[str], None]) -> None:
        self._web = web
        self._book = book
        self._most = most
        self._note = note

    async def run(self, queries: Sequence[str], run: int) -> None:
        """All queries. UsageError for one that GitHub does not understand."""
        for query in queries:
            if len(query) > LONGEST_QUERY - 60:
                raise UsageError(f"the query is too long for GitHub, with its dates over 256 characters: {query}")
        for query in queries:
            await self._query(query, run)
            if self.full():
                return

    def full(self) -> bool:
        """Whether as many were found as are wanted."""
        return self._most is not None and self._book.count()[0] >= self._most

    async def first_page(self, query: str, run: int) -> int:
        """How many repositories a query finds; the first hundred of them are in the book then."""
        return await self._page(query, FIRST, LAST, 1, run)

    async def _query(self, query: str, run: int) -> None:
        windows = [(FIRST, LAST)]
        while windows and not self.full():
            start, stop = windows.pop()
            total = await self._page(query, start, stop, 1, run)
            last = min(stop, int(time.time())) - 1
            if total >= MOST_RESULTS and last > start:
                kept = f"cut {query} {start} {stop}"
                middle = int(self._book.read(kept, "0")) or (start + last) // 2
                self._book.write(kept, str(middle))
                windows += [(start, middle), (middle + 1, stop)]
                continue
            if total >= MOST_RESULTS:
                self._note(f"{query!r} finds {total} repositories of one second; GitHub lists 1,000 of them")
            for page in range(2, -(-min(total, MOST_RESULTS) // PAGE) + 1):
                if self.full():
                    return
                await self._page(query, start, stop, page, run)

    async def _page(self, query: str, start: int, stop: int, page: int, run: int) -> int:
        """How many results the whole window has."""
        created = f"{_instant(start)}..{_instant(stop)}"
        words = {"q": f"{query} created:{created}", "sort": "stars", "order": "desc", "per_page": PAGE, "page": page}
        url = f"{self._web.services.api}/search/repositories?{urlencode(words)}"
        kept = self._book.page(url)
        if kept is not None and kept[3] == run:
            return kept[2]
        etag = Etag(kept[1], kept[0]) if kept is not None and kept[1] else None
        for attempt in range(1, INCOMPLETE_ATTEMPTS + 1):
            reply = await self._web.api(url, etag=etag)
            if reply.status == 304 and kept is not None:
                self._book.same_page(url, run, kept[4])
                return kept[2]
            if reply.status == 422:
                raise UsageError(f"GitHub does not understand the query {query!r}")
            if reply.status != 200:
                raise TryLater(f"the search for {query!r}: {refusal(reply)}")
            answer = read(reply, SearchAnswer)
            if not answer.incomplete_results:
                break
            if attempt == INCOMPLETE_ATTEMPTS:
                self._note(f"GitHub keeps giving incomplete results for {query!r} ({created}); the next run asks again")
            else:
                await clock.pause(2.0**attempt)
        found = [item.found() for item in answer.items]
        if self._most is not None:
            found = found[: max(0, self._most - self._book.count()[0])]
        # what is incomplete is not kept under its ETag, so that the next run asks anew
        etag_kept = "" if answer.incomplete_results else reply.headers.get("etag", "")
        self._book.keep_page(url, reply.token, etag_kept, answer.total_count, run, found)
        await asyncio.sleep(0)
        return answer.total_count


def _instant(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

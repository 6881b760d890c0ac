"""GitHub's REST API as an origin of repositories."""

from voxel.sources.github.origin import GitHubOrigin
from voxel.sources.github.search import DEFAULT_QUERIES, Searcher

__all__ = ["DEFAULT_QUERIES", "GitHubOrigin", "Searcher"]

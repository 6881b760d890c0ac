"""Where files come from: folders, the package's own sample scenes, GitHub, git; licences and the policy on them.

What goes to the network (`remote`, and what it imports) is none of these: few runs need it, and it takes time to read.
"""

from voxel.sources.book import Book
from voxel.sources.candidate import MAX_BYTES, Candidate, read_local, shown, whole
from voxel.sources.capping import MAX_FILES_PER_REPO
from voxel.sources.folder import FolderSource
from voxel.sources.graph import Graphs
from voxel.sources.policy import Policy, read_policy
from voxel.sources.rows import File, Repository
from voxel.sources.samples import catalogue, recipes
from voxel.sources.services import CONCURRENCY, Services, public, services_of_environment

__all__ = [
    "CONCURRENCY",
    "MAX_BYTES",
    "MAX_FILES_PER_REPO",
    "Book",
    "Candidate",
    "File",
    "FolderSource",
    "Graphs",
    "Policy",
    "Repository",
    "Services",
    "catalogue",
    "public",
    "read_local",
    "read_policy",
    "recipes",
    "services_of_environment",
    "shown",
    "whole",
]

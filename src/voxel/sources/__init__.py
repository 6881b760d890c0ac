"""Where files come from: folders, the package's own sample scenes, GitHub, git; licences and the policy on them."""

from voxel.sources.book import Book
from voxel.sources.candidate import MAX_BYTES, Candidate, read_local, shown, whole
from voxel.sources.folder import FolderSource
from voxel.sources.gathering import Limits
from voxel.sources.git import public
from voxel.sources.licences import Licence, LicenceFinder, licence_of_text
from voxel.sources.linking import inside, reached
from voxel.sources.policy import PERMISSIVE, Policy, read_policy
from voxel.sources.remote import (
    CONCURRENCY,
    MAX_FILES_PER_REPO,
    Asked,
    Estimate,
    Starter,
    check,
    estimate,
    gather,
    starter_repositories,
)
from voxel.sources.rows import File, Repository
from voxel.sources.samples import Catalogue, Recipe, Sample, catalogue, recipes
from voxel.sources.services import Services, services_of_environment
from voxel.sources.shelf import Blobs, Shelf

__all__ = [
    "CONCURRENCY",
    "MAX_BYTES",
    "MAX_FILES_PER_REPO",
    "PERMISSIVE",
    "Asked",
    "Blobs",
    "Book",
    "Candidate",
    "Catalogue",
    "Estimate",
    "File",
    "FolderSource",
    "Licence",
    "LicenceFinder",
    "Limits",
    "Policy",
    "Recipe",
    "Repository",
    "Sample",
    "Services",
    "Shelf",
    "Starter",
    "catalogue",
    "check",
    "estimate",
    "gather",
    "inside",
    "licence_of_text",
    "public",
    "reached",
    "read_local",
    "read_policy",
    "recipes",
    "services_of_environment",
    "shown",
    "starter_repositories",
    "whole",
]

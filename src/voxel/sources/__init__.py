"""Where files come from: folders and the package's own sample scenes; licences and the policy on them."""

from voxel.sources.candidate import MAX_BYTES, Candidate, read_local, shown
from voxel.sources.folder import FolderSource
from voxel.sources.licences import Licence, LicenceFinder, licence_of_text
from voxel.sources.policy import PERMISSIVE, Policy, read_policy
from voxel.sources.samples import Catalogue, Recipe, Sample, catalogue, recipes

__all__ = [
    "MAX_BYTES",
    "PERMISSIVE",
    "Candidate",
    "Catalogue",
    "FolderSource",
    "Licence",
    "LicenceFinder",
    "Policy",
    "Recipe",
    "Sample",
    "catalogue",
    "licence_of_text",
    "read_local",
    "read_policy",
    "recipes",
    "shown",
]

"""What is so in a scene: checks as data, how they are found, said in words, and decided on a dumped Scene."""

from voxel.facts.asking import ask
from voxel.facts.compare import Difference, differences
from voxel.facts.fact import Fact
from voxel.facts.finding import find
from voxel.facts.holding import failing, holds
from voxel.facts.words import Unsayable

__all__ = ["Difference", "Fact", "Unsayable", "ask", "differences", "failing", "find", "holds"]

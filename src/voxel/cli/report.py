"""`voxel report`: self-contained HTML pages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from voxel.cli.options import DATA_DIR, DataDirOption, JsonOption, QuietOption, path_of

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

OutputOption = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", parser=path_of, help="Default: under reports/.")
]


@app.command("dataset")
def dataset(
    data_dir: DataDirOption = DATA_DIR,
    output: OutputOption = None,
    pictures: Annotated[
        int, typer.Option("--pictures", min=0, metavar="N", help="Examples to show, each with a rendered picture.")
    ] = 24,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """What the dataset holds, what was dropped, which API it covers, and a gallery."""
    from voxel.report.dataset import dataset_page
    from voxel.stages import DataDir, shown_progress

    path = dataset_page(DataDir(data_dir), output, pictures=pictures, progress=shown_progress(quiet=quiet))
    show_path(path, json=json)
    return 0


@app.command("evaluation")
def evaluation(
    data_dir: DataDirOption = DATA_DIR,
    output: OutputOption = None,
    shown: Annotated[
        int, typer.Option("--shown", min=0, metavar="N", help="Examples whose answers are shown side by side.")
    ] = 8,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """The newest evaluation: before and after, what changed, what goes wrong, answers side by side."""
    from voxel.report.evaluation import evaluation_page
    from voxel.stages import DataDir, shown_progress

    path = evaluation_page(DataDir(data_dir), output, shown=shown, progress=shown_progress(quiet=quiet))
    show_path(path, json=json)
    return 0


def show_path(path: Path, *, json: bool) -> None:
    """The line that every page's command prints."""
    import msgspec

    typer.echo(msgspec.json.encode({"path": str(path)}).decode() if json else str(path))

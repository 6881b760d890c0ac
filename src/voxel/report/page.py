"""Self-contained HTML pages: one file, no script, nothing fetched, light and dark.

A page is a template under `templates/` that extends `page.html` and takes its parts (figures, bars, columns, tables,
panels) from `parts.html`. Everything that is put into one is escaped.
"""

from __future__ import annotations

import base64
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import JsonLexer, PythonLexer

from voxel import __version__


def render(template: str, **values: Any) -> str:
    """The page that `templates/<template>` makes of `values`."""
    return environment("voxel.report").get_template(template).render(version=__version__, **values)


def environment(*packages: str) -> Environment:
    """What makes pages of the templates of these packages; the first one that has a template gives it."""
    made = Environment(
        loader=ChoiceLoader([PackageLoader(package) for package in packages]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["code"] = code
    made.filters["picture"] = picture
    return made


def code(source: str) -> Markup:
    """Python, or a plan in JSON, with its words coloured; the filter `code` of templates."""
    lexer = JsonLexer() if source.lstrip().startswith("{") else PythonLexer()
    return Markup("<pre>{}</pre>").format(Markup(highlight(source.strip("\n"), lexer, HtmlFormatter(nowrap=True))))  # noqa: S704 - it escapes


def picture(png: bytes) -> str:
    """A PNG as the address of an image; the filter `picture` of templates."""
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"

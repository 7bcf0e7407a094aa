"""Hooks of MkDocs, with which it renders the documents of this project as they are; mkdocs.yml names this file.

The documents are written for a code forge. They link to examples and directories as well as to documents. So the site
has the layout of the repository, and a page for each of these.
"""
import itertools
import os
import posixpath
import re
import sys
from pathlib import Path

from mkdocs.structure.files import File
from mkdocs.structure.toc import get_toc

sys.path.insert(0, str(Path(__file__).parent))
import diagrams  # noqa: E402, of this directory

ROOT = Path(__file__).resolve().parents[2]
# What is on the site: documents, and what they link to.
SHOWN = (
    "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "LICENSE", "docs", "examples", "manifests", "units",
)
# Copied as they are; all other files become pages.
COPIED = re.compile(r".*\.(svg|png)|docs/benchmarks[^/]*\.json")
# Of this directory.
ASSETS = ("site.css", "iframe-worker.js")
LANGUAGES = {
    ".conf": "ini", ".conflist": "json", ".json": "json", ".nix": "nix", ".service": "ini", ".sh": "bash",
    ".target": "ini", ".tf": "terraform", ".tftpl": "yaml", ".yaml": "yaml", ".yml": "yaml",
}
# The manual pages, which tools/site has converted to HTML: the pages' names, files and titles.
REFERENCE = {
    "reference/bootstrap.yaml.md": ("bootstrap.yaml.5", "All keys of the task file"),
    "reference/nest-bootstrap.systemd.md": ("nest-bootstrap.systemd.7", "All units"),
    "reference/nest-bootstrap.md": ("nest-bootstrap.8", "Commands"),
}
# Cells of numbers are shorter on average than this.
TEXT_LENGTH = 16
# Pages without headings have no table of contents, so that their lines may be longer.
WITHOUT_CONTENTS = "---\nhide: [toc]\n---\n"
# In a table a code forge needs a backslash in code as well, which Python-Markdown would show.
PIPE_IN_TABLE = re.compile(r"(?<=`)\\\|(?=`)")
MARKER = re.compile(r"(?:[*+-]|\d{1,9}[.)]) +(?=\S)")


class SourcePage(File):
    """A page that shows a file or a directory, and is linked by the path of it."""

    def is_documentation_page(self) -> bool:
        return True


def on_files(files, config):
    """Replaces the files of docs/ by all that are shown, with their paths in the repository."""
    for file in list(files):
        if file.src_dir == config.docs_dir:
            files.remove(file)
    for path in shown_paths():
        files.append(shown_file(path, config))
    # The links of the home page lead from its place in the repository, and the page is in the root of the site.
    home = (ROOT / "tools/website/home.md").read_text().replace("](../../", "](")
    files.append(File.generated(config, "index.md", content=home))
    for name, (page, title) in REFERENCE.items():
        html = Path(os.environ["NEST_REFERENCE"], f"{page}.html").read_text()
        files.append(File.generated(config, name, content=f"# {title}\n\n{manual_text(html)}"))
    for name in ASSETS:
        files.append(File.generated(config, f"assets/{name}", abs_src_path=str(ROOT / "tools/website" / name)))
    return files


def on_page_markdown(markdown, page, config, files):
    """Adapts lists of documents to the reader of Markdown, and draws flowcharts."""
    is_made = isinstance(page.file, SourcePage) or page.file.src_uri in REFERENCE
    if is_made or page.file.src_uri == "index.md":
        return markdown
    return with_deeper_lists(PIPE_IN_TABLE.sub("|", diagrams.with_pictures(markdown)))


def on_page_content(html, page, config, files):
    """Adapts tables to phones, and lists the sections of a manual page, which are HTML, in its table of contents."""
    if page.file.src_uri in REFERENCE:
        headings = re.findall(r'<h([23])[^>]* id="([^"]+)"[^>]*>(.*?)</h\1>', html, re.DOTALL)
        sections = [section(int(level), anchor, re.sub("<[^>]+>", "", text)) for level, anchor, text in headings]
        page.toc = get_toc([section(1, "top", page.title, nested(sections))])
    return re.sub("<table>.*?</table>", with_labels, html, flags=re.DOTALL)


def with_labels(match):
    """A table of texts whose cells have the headings of their columns, which are shown instead of those on a phone."""
    table = match.group()
    headings = re.findall("<th[^>]*>(.*?)</th>", table)
    cells = [re.sub("<[^>]+>", "", cell) for cell in re.findall("<td[^>]*>(.*?)</td>", table)]
    if len(headings) < 3 or sum(map(len, cells)) < TEXT_LENGTH * len(cells):
        return table
    labels = itertools.cycle(re.sub("<[^>]+>", "", heading) for heading in headings)
    return re.sub("<td", lambda _: f'<td data-label="{next(labels)}"', table).replace("<table>", "<table data-rows>", 1)


def manual_text(html):
    """A manual page as a part of a page: without what repeats its title, and with headings of lower levels."""
    html = re.sub(r'<table class="(?:head|foot)">.*?</table>\n?', "", html, flags=re.DOTALL)
    html = re.sub(r'<section class="Sh">\n<h1 class="Sh" id="NAME">.*?</section>\n', "", html, flags=re.DOTALL)
    html = re.sub(r"<(/?)h2", r"<\1h3", html)
    return re.sub(r"<h1([^>]*>.*?)</h1>", lambda match: f"<h2{in_lower_case(match[1])}</h2>", html, flags=re.DOTALL)


def in_lower_case(heading):
    """A heading in capital letters with only the first of them."""
    return re.sub(r">([A-Z][A-Z\s]+)<", lambda match: f">{' '.join(match[1].split()).capitalize()}<", heading)


def section(level, anchor, name, children=()):
    """A heading, as the extension for tables of contents describes it."""
    return {"level": level, "id": anchor, "name": name, "html": name, "data-toc-label": "", "children": list(children)}


def nested(sections):
    """Headings of the third level inside of those of the second."""
    result = []
    for each in sections:
        (result[-1]["children"] if result and each["level"] > 2 else result).append(each)
    return result


def shown_paths():
    """The paths of all files and directories that are on the site, relative to the repository."""
    for name in SHOWN:
        yield name
        for directory, names, files in os.walk(ROOT / name):
            names[:] = sorted(each for each in names if not each.startswith("."))
            for each in names + sorted(files):
                yield (Path(directory) / each).relative_to(ROOT).as_posix()


def shown_file(path, config):
    """A document, a picture, or the page of another file or of a directory."""
    source = ROOT / path
    if source.is_dir():
        page = SourcePage.generated(config, path, content=WITHOUT_CONTENTS + directory_text(source))
        page.dest_uri = f"{path}/files.html"
    elif source.suffix == ".md" or COPIED.fullmatch(path):
        page = File(path, str(ROOT), config.site_dir, config.use_directory_urls)
        if path == "README.md":
            # The home page has the name that it would get.
            page.dest_uri = "README.html"
    else:
        page = SourcePage.generated(config, path, content=WITHOUT_CONTENTS + source_text(source))
        page.dest_uri = f"{path}.html"
    return page


def source_text(source):
    """The page of a file: its path, and its text as a block of code."""
    text = source.read_text().rstrip("\n")
    language = LANGUAGES.get(source.suffix, "bash" if text.startswith("#!") else "text")
    fence = "`" * max([3] + [len(run) + 1 for run in re.findall("`{3,}", text)])
    path = source.relative_to(ROOT)
    return f"# {path.name}\n\n`{path}`\n\n{fence}{language}\n{text}\n{fence}\n"


def directory_text(source):
    """The page of a directory: its path, and links to what is in it, documents by their titles."""
    path = source.relative_to(ROOT)
    lines = [f"# {path.name}", "", f"`{path}/`", ""]
    for each in sorted(source.iterdir(), key=lambda each: (not each.is_dir(), each.name)):
        if each.name.startswith("."):
            continue
        title = each.read_text().split("\n", 1)[0].removeprefix("# ") if each.suffix == ".md" else f"`{each.name}`"
        # The page is linked as if it were a file beside the directory.
        lines.append(f"* [{title}]({posixpath.join(path.name, each.name)})")
    return "\n".join(lines) + "\n"


def with_deeper_lists(text):
    """Indents what is in list items by four spaces a level, which Python-Markdown needs and CommonMark does not."""
    result = []
    columns = []  # where the text of each open list item begins
    fence = ""  # what ends the fenced block of code that is open
    is_code = False  # whether the line is in an indented block of code
    was_blank = True  # whether the line before was
    in_first_lines = False  # whether it was in an item, before a blank line
    for line in text.split("\n"):
        body = line.lstrip(" ")
        column = len(line) - len(body)
        marker = None
        if body and not fence:
            is_code = column >= (columns[-1] if columns else 0) + 4 and (was_blank or is_code)
            marker = None if is_code else MARKER.match(body)
            is_sibling = columns and column < columns[-1]
            # A number other than 1 at the beginning of a line of a paragraph is a part of it.
            if marker and body[0].isdigit() and body[:2] not in ("1.", "1)") and not (was_blank or is_sibling):
                marker = None
            while columns and column < columns[-1] and (marker or was_blank):
                columns.pop()
            if marker and not (was_blank or in_first_lines):
                result.append("")
        start = columns[-1] if columns else 0
        result.append(" " * (4 * len(columns)) + (line[start:] if column >= start else body) if body else "")
        if fence:
            fence = "" if body.startswith(fence) else fence
        elif body.startswith("```"):
            fence = re.match("`+", body).group()
        elif marker:
            columns.append(column + len(marker.group()))
        in_first_lines = bool(body) and (bool(marker) or in_first_lines)
        was_blank = not body
    return "\n".join(result)

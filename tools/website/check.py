#!/usr/bin/env python3
"""Checks a static site.

Each link must lead to a page and an anchor that exist, each picture must exist and have an alternative text, and each page
must have a title and one main heading. Nothing may be loaded from another server.

usage: check.py DIRECTORY
"""
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """The links, anchors and resources of a page."""

    def __init__(self, text: str):
        super().__init__()
        self.links, self.resources, self.problems = [], [], []
        self.anchors = {"", "top"}
        self.main_headings, self.title, self.is_in_title = 0, "", False
        self.feed(text)
        if self.main_headings != 1:
            self.problems.append(f"{self.main_headings} main headings, expected one")
        if not self.title.strip():
            self.problems.append("no title")

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.anchors.update(values[name] for name in ("id", "name") if values.get(name) and tag != "meta")
        self.main_headings += tag == "h1"
        self.is_in_title = tag == "title" or self.is_in_title
        if tag in ("a", "area") and "href" in values:
            self.links.append(values["href"])
        elif tag == "link" and {"stylesheet", "icon", "preload"} & set(values.get("rel", "").split()):
            self.resources.append(values.get("href", ""))
        elif tag in ("img", "script", "iframe", "source", "video", "audio") and values.get("src"):
            self.resources.append(values["src"])
        if tag == "img" and not values.get("alt"):
            self.problems.append(f"picture '{values.get('src')}' has no alternative text")

    def handle_endtag(self, tag):
        self.is_in_title = self.is_in_title and tag != "title"

    def handle_data(self, data):
        self.title += data if self.is_in_title else ""


def check(root: Path) -> tuple[list[str], int, int]:
    """The problems of the site, and how many pages and links it has."""
    pages = {path.resolve(): Page(path.read_text()) for path in sorted(root.rglob("*.html"))}
    problems, count = [], 0
    for path, page in pages.items():
        name = path.relative_to(root.resolve())
        problems += [f"{name}: {problem}" for problem in page.problems]
        for link in page.links + page.resources:
            problem = problem_of(link, path, pages, link in page.resources)
            problems += [f"{name}: link '{link}': {problem}"] if problem else []
            count += 1
    return problems, len(pages), count


def problem_of(link: str, path: Path, pages: dict[Path, Page], is_resource: bool) -> str | None:
    """What is wrong with a link of a page, if anything."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        if is_resource and parts.scheme != "data":
            return "is loaded from another server"
        is_expected = parts.scheme in ("https", "mailto", "data")
        return None if is_expected else f"has the scheme '{parts.scheme}', expected https"
    # The page for addresses that do not exist is shown at any path.
    if path.name == "404.html":
        return None
    if link.startswith("/"):
        return "begins at the root of the server, where the site may not be"
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if target.is_dir():
        target /= "index.html"
    if not target.exists():
        return "does not exist"
    if parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].anchors:
        return f"the page has no anchor '{parts.fragment}'"
    return None


def main() -> None:
    """Prints the problems, or what was checked."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    problems, pages, links = check(Path(sys.argv[1]))
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems or not pages:
        sys.exit(f"check.py: {len(problems)} problems in {pages} pages")
    print(f"{pages} pages with {links} links, nothing wrong")


if __name__ == "__main__":
    main()

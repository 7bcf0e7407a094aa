#!/usr/bin/env python3
"""Compares the documents on the site with CommonMark's rendering of them, which code forges show.

usage: compare.py SITE
"""
import os.path
import re
import sys
from html.parser import HTMLParser
from pathlib import Path

from markdown_it import MarkdownIt

from diagrams import BLOCK

ROOT = Path(__file__).resolve().parents[2]
COUNTED = ("h1", "h2", "h3", "li", "ul", "ol", "pre", "table", "tr", "strong", "em", "blockquote", "img")


class Content(HTMLParser):
    """The text of a part of a page without its spaces, and how often each element is in it."""

    def __init__(self, html: str):
        super().__init__()
        self.counts, self.text, self.is_link_to_heading = dict.fromkeys(COUNTED, 0), "", False
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.is_link_to_heading = "headerlink" in (dict(attributes).get("class") or "")
        if tag in self.counts:
            self.counts[tag] += 1

    def handle_endtag(self, tag):
        self.is_link_to_heading = False

    def handle_data(self, data):
        self.text += "" if self.is_link_to_heading else "".join(data.split())


def problems_of(document: Path, page: Path) -> list[str]:
    """The differences between a document and its page."""
    html = page.read_text()
    article = html[html.index("<article"):html.index("</article>")].split(">", 1)[1]
    # Flowcharts are drawn.
    article = re.sub('<div class="diagram">.*?</div>', "", article)
    expected = Content(MarkdownIt("commonmark").enable("table").render(BLOCK.sub("", document.read_text())))
    found = Content(article)
    problems = [f"{found.counts[tag]} times <{tag}>, expected {count}" for tag, count in expected.counts.items()
                if found.counts[tag] != count]
    if expected.text != found.text:
        place = len(os.path.commonprefix([expected.text, found.text]))
        problems.append(f"the text differs after '{expected.text[max(0, place - 40):place]}'")
    return problems


def main() -> None:
    """Prints the differences."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    site, count = Path(sys.argv[1]), 0
    for document in (path for pattern in ("*.md", "docs/**/*.md", "examples/**/*.md") for path in ROOT.glob(pattern)):
        path = document.relative_to(ROOT)
        # The page of the README of the project is not the home page.
        name = path.stem if document.parent == ROOT else path.stem.replace("README", "index")
        for problem in problems_of(document, site / path.with_name(f"{name}.html")):
            print(f"{path}: {problem}", file=sys.stderr)
            count += 1
    if count:
        sys.exit(f"compare.py: {count} differences")


if __name__ == "__main__":
    main()

from html.parser import HTMLParser

from segcore.wording.html import escape
from segcore.wording.quotes import visible
from tests.hostile_names import NAMES


def test_every_name_is_text_in_html_and_in_an_attribute():
    found = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attrs):
            found.append((tag, dict(attrs)))

        def handle_data(self, data):
            found.append(data)

    for name in NAMES:
        found.clear()
        reader = Reader()
        reader.feed(f'<p title="{escape(name)}">{escape(name)}</p>')
        reader.close()
        assert found == [("p", {"title": visible(name)}), visible(name)]

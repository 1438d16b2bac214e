"""The pages: what residents, gatehouse, maintenance, committee and the public see in a browser.

Routes are thin: look (facts, under the house's lock), view (pure), draw (a template). Files called
`..._view.py` hold the pure part. `install(app)` hangs everything into an app.
"""

from service.pages.hang import install
from service.pages.labels import print_labels

__all__ = ["install", "print_labels"]

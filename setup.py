"""Beside pyproject.toml for one thing: the wheel carries the LEAN project, which in a checkout lies in lean/."""

from pathlib import Path
from shutil import copyfile

from setuptools import setup
from setuptools.command.build_py import build_py

FILES = ("ml_mean_reversion_main.py", "requirements.txt")


class WithProject(build_py):
    """The modules, and `lean/` as `springback/lean/project`."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            folder = Path(self.build_lib) / "springback" / "lean" / "project"
            folder.mkdir(parents=True, exist_ok=True)
            for name in FILES:
                copyfile(Path("lean") / name, folder / name)


setup(cmdclass={"build_py": WithProject})

"""Which folders are installed, and where; everything else about the package is in pyproject.toml.

The app is installed inside segcore, as ``segcore/workbench``, because ``ui``, ``pages`` and ``app`` would be rude names in site-packages.
Streamlit puts the folder of ``app.py`` at the head of the import path, so the app finds its own ``ui`` there, as in a checkout.
"""

from setuptools import find_packages, setup

APP = "segcore.workbench"

setup(
    packages=[
        *find_packages(include=["segcore", "segcore.*"]),
        APP,
        f"{APP}.pages",
        *(f"{APP}.{folder}" for folder in find_packages(include=["ui", "ui.*"])),
    ],
    package_dir={APP: ".", f"{APP}.pages": "pages", f"{APP}.ui": "ui"},
    package_data={APP: [".streamlit/config.toml"], f"{APP}.ui": ["assets/*"]},
    include_package_data=False,
)

"""No panel loads torch, MONAI or the command line, in a process where nothing else could have."""

from __future__ import annotations

import json
import subprocess
import sys

OPEN_ALL = """
import importlib, json, os, sys
os.environ["QT_QPA_PLATFORM"] = "offscreen"
from napari.components import ViewerModel
from npe2 import PluginManager
from qtpy.QtWidgets import QApplication

app = QApplication([])
manager = PluginManager.instance()
manager.discover()
widgets = manager.get_manifest("napari-omniseg").contributions.widgets
commands = manager.get_manifest("napari-omniseg").contributions.commands
places = {command.id: command.python_name for command in commands}
panels = []
for widget in widgets:
    module, _, name = places[widget.command].partition(":")
    panels.append(getattr(importlib.import_module(module), name)(ViewerModel()))
    panels[-1].show()
    app.processEvents()
heavy = [name for name in ("torch", "monai", "omniseg_backend.cli") if name in sys.modules]
print(json.dumps([len(panels), heavy]), flush=True)
os._exit(0)
"""


def test_opening_every_panel_loads_neither_torch_nor_the_command_line(home: object) -> None:
    finished = subprocess.run([sys.executable, "-c", OPEN_ALL], capture_output=True, text=True)
    opened, heavy = json.loads(finished.stdout.splitlines()[-1])
    assert opened == 4, finished.stderr
    assert heavy == []

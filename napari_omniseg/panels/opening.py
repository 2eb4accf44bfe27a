"""Opening one panel from another, by the name that the manifest gives it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_omniseg.models.preferences import PLUGIN

if TYPE_CHECKING:
    import napari
    from qtpy.QtWidgets import QWidget


def has_widget(name: str) -> bool:
    """Whether the plugin brings a widget of this name."""
    from npe2 import PluginManager

    widgets = PluginManager.instance().get_manifest(PLUGIN).contributions.widgets or ()
    return any(widget.display_name == name for widget in widgets)


def open_widget(viewer: napari.viewer.Viewer, name: str) -> QWidget:
    """Show a widget of the plugin in the viewer's window, making it if it is not there yet."""
    dock, widget = viewer.window.add_plugin_dock_widget(PLUGIN, name)
    dock.show()
    dock.raise_()
    return widget

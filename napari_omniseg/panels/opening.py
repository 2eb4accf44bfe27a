"""Opening one panel from another, by the name that the manifest gives it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QDockWidget, QMainWindow, QWidget

from napari_omniseg.models.preferences import PLUGIN

if TYPE_CHECKING:
    import napari
    from npe2.manifest.contributions import WidgetContribution


def has_widget(name: str) -> bool:
    """Whether the plugin brings a widget of this name."""
    return any(widget.display_name == name for widget in _contributions())


def open_widget(viewer: napari.viewer.Viewer, name: str) -> QWidget:
    """Show a widget of the plugin in the viewer's window, making it if it is not there yet.

    napari's menus and its functions give the dock of one widget different titles, so that it is
    looked for by its class. A new one shares its place with the other panels of the plugin, since
    two of them one above the other leave neither room enough.
    """
    kind = _kind(name)
    others = list(_docked(viewer, tuple(_kind(one.display_name) for one in _contributions())))
    for widget, dock in others:
        if isinstance(widget, kind):
            _raise(dock)
            return widget
    dock, widget = viewer.window.add_plugin_dock_widget(PLUGIN, name)
    _, made = next(_docked(viewer, (kind,)))
    _share_place(made, [other for _, other in others])
    _raise(made)
    return widget


def _contributions() -> tuple[WidgetContribution, ...]:
    from npe2 import PluginManager

    return tuple(PluginManager.instance().get_manifest(PLUGIN).contributions.widgets or ())


def _kind(name: str) -> type[QWidget]:
    """The class of a widget; its module is imported."""
    found = next(one for one in _contributions() if one.display_name == name)
    kind = found.get_callable()
    assert isinstance(kind, type)
    return kind


def _docked(
    viewer: napari.viewer.Viewer, kinds: tuple[type[QWidget], ...]
) -> Iterator[tuple[QWidget, QDockWidget]]:
    """Widgets of some classes that the viewer's window has docked, and their docks."""
    docked = viewer.window.dock_widgets
    for title in list(docked):
        widget = docked[title]
        if isinstance(widget, kinds):
            dock = _dock_of(widget)
            if dock is not None:
                yield widget, dock


def _dock_of(widget: QWidget) -> QDockWidget | None:
    parent = widget.parentWidget()
    while parent is not None and not isinstance(parent, QDockWidget):
        parent = parent.parentWidget()
    return parent


def _share_place(dock: QDockWidget, others: list[QDockWidget]) -> None:
    """Put a dock as a tab beside the first other one that is docked and shown."""
    window = dock.parentWidget()
    beside = [one for one in others if not one.isFloating() and not one.isHidden()]
    if isinstance(window, QMainWindow) and beside:
        window.tabifyDockWidget(beside[0], dock)


def _raise(dock: QDockWidget) -> None:
    dock.show()
    dock.raise_()

"""What the user has set on OmniSeg's page of napari's settings, and what panels remember there.

The page, its defaults and its ranges are the manifest's ``configurations``; nothing is stated
twice here.
"""

from __future__ import annotations

from typing import Any

from napari.settings import get_plugin_settings

PLUGIN = "napari-omniseg"


class Preferences:
    """The user's settings; setting one saves it.

    Attributes are looked up each time, so that a panel that is open follows the settings page.
    """

    @property
    def variant(self) -> str:
        """The variant that is pressed when the Segment panel opens."""
        return str(_section("segmenting").variant)

    @variant.setter
    def variant(self, name: str) -> None:
        _section("segmenting").variant = name

    @property
    def uncertainty(self) -> bool:
        """Whether the uncertainty map is made too."""
        return bool(_section("segmenting").uncertainty)

    @uncertainty.setter
    def uncertainty(self, wanted: bool) -> None:
        _section("segmenting").uncertainty = wanted

    @property
    def arithmetic(self) -> str:
        """``auto``, ``fp32`` or ``int8``."""
        return str(_section("segmenting").arithmetic)

    @property
    def threads(self) -> int | None:
        """Threads of the network; None for all that the process may use."""
        return int(_section("segmenting").threads) or None

    @property
    def site_folder(self) -> str:
        """The site data set that was used last; empty if none was."""
        return str(_section("site_data").folder)

    @site_folder.setter
    def site_folder(self, folder: str) -> None:
        _section("site_data").folder = folder

    @property
    def minutes(self) -> int:
        """How long a fine-tuning runs."""
        return int(_section("site_data").minutes)

    @minutes.setter
    def minutes(self, minutes: int) -> None:
        _section("site_data").minutes = minutes


def _section(name: str) -> Any:  # noqa: ANN401 - a class that napari makes from the manifest
    return getattr(get_plugin_settings(PLUGIN), name)

"""The napari plugin of OmniSeg: thin panels over ``omniseg_backend``.

What each module offers to napari is listed in ``napari.yaml``; nothing is imported here, so that
napari's start costs nothing.
"""

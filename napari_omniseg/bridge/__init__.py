"""Between napari layers and the types of ``omniseg_backend.images``; no Qt, no viewer."""

"""From an .onnx file to a model: it renames, transposes and builds; shapes come from the layers."""

from __future__ import annotations

from sheetcnn.importers.onnx.translator import read_onnx

__all__ = ["read_onnx"]

// The room Tensors; see Documentation/Architecture.md.

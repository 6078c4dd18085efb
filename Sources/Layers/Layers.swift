// The room Layers; see Documentation/Architecture.md.

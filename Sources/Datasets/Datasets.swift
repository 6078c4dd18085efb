// The room Datasets; see Documentation/Architecture.md.

// The room Studies; see Documentation/Architecture.md.

import Glibc

/// Returns whether a name matches a pattern with `*`, `?` and `[…]` as in a shell.
///
/// The corresponding C function is `fnmatch`.
public func isName(_ name: String, like pattern: String) -> Bool { unsafe fnmatch(pattern, name, 0) == 0 }

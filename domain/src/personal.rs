pub const OPEN_MARK: &str = "$open"; pub const SEALED_MARK: &str = "$sealed"; pub const ERASED_MARK: &str = "$erased";
pub fn opened<T>(f: impl FnOnce() -> T) -> T { f() }

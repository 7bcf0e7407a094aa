import Base

/// The modules of the running kernel: those that are loaded, and those that are installed.
public struct KernelModules: Sendable {
    private let loadedDirectory: String
    private let directories: [String]

    /// The release of the kernel, such as `6.1.0-18-amd64`.
    public let release: String

    /// The directories that contain a directory of modules for each release; the last one is that of NixOS.
    public static let usualDirectories = ["/lib/modules", "/run/booted-system/kernel-modules/lib/modules"]

    /// Creates a description of the modules of a kernel, by default of the running one.
    ///
    /// - Parameters:
    ///   - loadedDirectory: The directory with an entry for each loaded module.
    ///   - directories: The directories that contain a directory of modules for each release.
    ///   - release: The release of the kernel, by default that of the running kernel.
    public init(
        loadedDirectory: String = "/sys/module",
        directories: [String] = usualDirectories,
        release: String? = nil
    ) {
        (self.loadedDirectory, self.directories) = (loadedDirectory, directories)
        self.release = release ?? Self.runningRelease()
    }

    private static func runningRelease() -> String {
        let bytes = (try? FileSystem.read("/proc/sys/kernel/osrelease", limit: 256)) ?? []
        return String(decoding: bytes.prefix { $0 > UInt8(ascii: " ") }, as: UTF8.self)
    }

    /// Returns whether the kernel has a module: loaded, or built in with parameters.
    ///
    /// - Parameter name: The name, in which `-` and `_` are the same.
    /// - Returns: Whether it has an entry; `false` for a module that is built in and has no parameters.
    public func isLoaded(_ name: String) -> Bool {
        (try? FileSystem.exists("\(loadedDirectory)/\(kernelName(name))")) == true
    }

    /// Returns the names of the modules that the kernel has, sorted.
    public func loadedNames() -> [String] { (try? FileSystem.list(loadedDirectory)) ?? [] }

    /// The directory with the modules of this kernel, `nil` if there is none.
    public var directory: String? {
        directories.map { "\($0)/\(release)" }.first { (try? FileSystem.exists($0)) == true }
    }

    /// The directory for modules of all kernels if it has only those of other kernels, otherwise `nil`.
    public var directoryOfOthers: String? {
        guard directory == nil else { return nil }
        return directories.first { path in
            ((try? FileSystem.list(path)) ?? []).contains {
                (try? FileSystem.exists("\(path)/\($0)/modules.dep")) == true
            }
        }
    }

    /// Reads the names of the modules that are installed for this kernel; empty if they cannot be read.
    public func installed() -> InstalledModules { InstalledModules(in: directory) }

    /// Whether this process runs in a container, which has the kernel of its host.
    public static var isContainer: Bool {
        ["/run/systemd/container", "/run/.containerenv", "/.dockerenv"].contains {
            (try? FileSystem.exists($0)) == true
        }
    }
}

/// The modules that are installed for a kernel, by their names with underscores.
public struct InstalledModules: Sendable {
    private var files: [String] = []
    private var builtIn: [String] = []
    private var aliases: [String: String] = [:]

    /// The size of a list above which it is not read.
    private static let sizeLimit = 16 << 20

    /// Reads the lists of `depmod`; one that cannot be read is empty.
    fileprivate init(in directory: String?) {
        guard let directory else { return }
        func lines(_ list: String) -> [Substring] {
            let bytes = (try? FileSystem.read("\(directory)/\(list)", limit: Self.sizeLimit)) ?? []
            return String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        }
        /// Returns the name in a path such as `kernel/fs/overlayfs/overlay.ko.xz`, before a colon and dependencies.
        func name(_ line: Substring) -> String {
            let path = line.prefix { $0 != ":" }
            return kernelName(String((path.pathParts.last ?? path).prefix { $0 != "." }))
        }
        files = lines("modules.dep").map(name)
        builtIn = lines("modules.builtin").map(name)
        for line in lines("modules.alias") {
            let words = line.split(separator: " ")
            if words.count == 3, words[0] == "alias" { aliases[kernelName(String(words[1]))] = String(words[2]) }
        }
    }

    /// Whether no list could be read.
    public var isEmpty: Bool { files.isEmpty && builtIn.isEmpty }

    /// Returns the module that a name means: the module of an alias, or the name itself.
    public func module(of name: String) -> String {
        let name = kernelName(name)
        return has(name) ? name : aliases[name].map(kernelName) ?? name
    }

    /// Returns whether there is a module with the name or an alias, in a file or built into the kernel.
    public func knows(_ name: String) -> Bool { has(module(of: name)) }

    /// Returns whether a module is part of the kernel itself.
    public func isBuiltIn(_ module: String) -> Bool { builtIn.containsExactly(module) }

    private func has(_ name: String) -> Bool { files.containsExactly(name) || isBuiltIn(name) }

    /// Returns the module of which a name is a misspelling, `nil` if there is none.
    public func nearest(to name: String) -> String? { nearestName(to: name, in: files + builtIn) }
}

/// Returns the name of a module as the kernel writes it.
private func kernelName(_ name: String) -> String { name.replacing("-", with: "_") }

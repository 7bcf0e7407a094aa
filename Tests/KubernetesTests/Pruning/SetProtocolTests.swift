import Base
import TestSupport
import Testing
import YAML

@testable import Kubernetes

/// All interleavings of two nodes that run a task with a set, with a crash of either at any moment.
///
/// Claims, versions and their comparison are those of the program; the server, the order of the requests and the choice of
/// what is deleted are a model of it. The order is that of `PruneStep`, `ObjectApplication` and `Pruner`. The lists of kinds
/// and namespaces are not in it, and a deletion is not guarded by the version of its object: `VersionTests` stop real
/// programs there.
struct SetProtocolTests {
    /// A file: the values of its objects, and its version.
    struct File {
        let objects: [String: Int]
        let version: String?

        var members: Set<MemberKey> { Set(objects.keys.map(SetProtocolTests.key)) }
    }

    private static func key(_ name: String) -> MemberKey {
        MemberKey(ObjectIdentity(type: .init(apiVersion: "v1", kind: "ConfigMap"), namespace: "n", name: name))
    }

    /// An object on the server.
    struct Object: Hashable {
        var value: Int
        /// The annotations of its version.
        var annotations: [String: String] = [:]
        /// Whether it has the label of the set and belongs to the agent.
        var isMember = true
        /// Increased by each write.
        var revision: Int

        var live: Node { SetProtocolTests.node(annotations) }
    }

    private static func node(_ annotations: [String: String]) -> Node {
        .mapping([("metadata", .mapping([("annotations", .mapping(annotations.map { ($0.key, .string($0.value)) }))]))])
    }

    /// A node: its run, and its record, which survives a crash.
    struct NodeState: Hashable {
        var record: Set<MemberKey> = []
        var step = Step.start
        /// Whether the run was refused because of a newer version.
        var isRefused = false
        /// The objects that the run has created.
        var created: Set<String> = []
    }

    enum Step: Hashable {
        case start
        case read(Int)
        case write(Int, revision: Int?)
        case keep
        case delete([String])
        case end
    }

    /// The server and both nodes.
    struct World {
        var parent: SetParent?
        var objects: [String: Object] = [:]
        var revision = 0
        var nodes: [NodeState] = [NodeState(), NodeState()]

        /// The state as text, without the numbers of revisions that nobody compares any more.
        var key: String {
            let order = objects.values.map(\.revision).sorted()
            let objects = objects.sorted { $0.key < $1.key }.map { name, object in
                "\(name)=\(object.value),\(object.annotations.sorted { $0.key < $1.key }),\(order.firstIndex(of: object.revision) ?? 0)"
            }
            let data = parent.map {
                "\($0.data.map { "\($0.0)=\($0.1.string ?? "")" })\($0.version.sorted { $0.key < $1.key })"
            }
            let steps = nodes.map { node in
                var step = "\(node.step)"
                if case .write(let index, let revision) = node.step {
                    let name = revision.flatMap { known in self.objects.first { $0.value.revision == known }?.key }
                    step = "write \(index) \(revision == nil ? "absent" : name ?? "changed")"
                }
                let created = node.step == .end ? [] : node.created.sorted()
                return "\(step) \(MemberKey.lines(node.record)) \(node.isRefused) \(created)"
            }
            return "\(objects)|\(data ?? "none")|\(steps)"
        }
    }

    /// The model of two nodes with two files.
    struct Model {
        let files: [File]
        private static let names = ["n0", "n1"]

        private func version(_ index: Int) -> AppliedVersion? {
            files[index].version.flatMap(OrderedVersion.init).map {
                AppliedVersion($0, node: Self.names[index], allowsOlder: false)
            }
        }

        /// Returns the parent with the claim of a node, or `nil` if its version is refused.
        private func widened(_ world: World, _ index: Int) -> SetParent? {
            var parent = world.parent ?? SetParent()
            let live = world.parent.map { SetProtocolTests.node($0.version) }
            if let live, version(index)?.refusal(of: live, at: Timestamp(seconds: 0)) != nil { return nil }
            parent.version = version(index)?.annotations(over: live) ?? [:]
            parent.claim(files[index].members, by: Self.names[index], at: version(index)?.version)
            return parent
        }

        /// Performs one request of a node.
        func advance(_ world: inout World, _ index: Int) {
            let names = files[index].objects.keys.sorted()
            switch world.nodes[index].step {
            case .start:
                guard let parent = widened(world, index) else { return end(&world, index, isRefused: true) }
                world.parent = parent
                world.nodes[index].record.formUnion(files[index].members)
                world.nodes[index].step = .read(0)
            case .read(let position) where position == names.count:
                world.nodes[index].step = .keep
            case .read(let position):
                let object = world.objects[names[position]]
                if let object, version(index)?.refusal(of: object.live, at: Timestamp(seconds: 0)) != nil {
                    world.nodes[index].isRefused = true
                    world.nodes[index].step = .read(position + 1)
                } else {
                    world.nodes[index].step = .write(position, revision: object?.revision)
                }
            case .write(let position, let revision):
                write(names[position], position, over: revision, &world, index)
            case .keep:
                keep(&world, index)
            case .delete(let rest):
                guard let name = rest.first else { return end(&world, index, isRefused: world.nodes[index].isRefused) }
                world.objects[name] = nil
                world.nodes[index].step = .delete(Array(rest.dropFirst()))
            case .end: break
            }
        }

        private func write(_ name: String, _ position: Int, over revision: Int?, _ world: inout World, _ index: Int) {
            let live = world.objects[name]
            // Only objects with a version are guarded by the resource version.
            guard version(index) == nil || live?.revision == revision else {
                world.nodes[index].step = .read(position)
                return
            }
            world.nodes[index].step = .read(position + 1)
            let annotations = version(index)?.annotations(over: live?.live) ?? [:]
            let value = files[index].objects[name] ?? 0
            if live == nil { world.nodes[index].created.insert(name) }
            if live?.value == value, live?.annotations == annotations, live?.isMember == true { return }
            world.revision += 1
            world.objects[name] = Object(value: value, annotations: annotations, revision: world.revision)
        }

        private func keep(_ world: inout World, _ index: Int) {
            let parent = widened(world, index)
            if let parent { world.parent = parent }
            // After a failed object nothing is deleted, unless a newer version has overtaken the run.
            guard let known = parent ?? world.parent, parent == nil || !world.nodes[index].isRefused else {
                return end(&world, index, isRefused: true)
            }
            let isOvertaken = parent == nil
            world.nodes[index].isRefused = isOvertaken
            let wanted = isOvertaken ? [] : files[index].members
            let deleted = world.objects.filter { name, object in
                let key = SetProtocolTests.key(name)
                let isKnown =
                    isOvertaken
                    ? world.nodes[index].created.contains(name)
                    : world.nodes[index].record.contains(key) || known.known.contains(key)
                let version = isOvertaken ? nil : version(index)?.version
                return object.isMember && !wanted.contains(key) && isKnown
                    && known.claimants(of: key, otherThan: Self.names[index], at: version).isEmpty
            }
            world.nodes[index].step = .delete(deleted.keys.sorted())
        }

        private func end(_ world: inout World, _ index: Int, isRefused: Bool) {
            world.nodes[index].isRefused = isRefused
            world.nodes[index].step = .end
        }

        /// Runs a node from the beginning to the end without the other.
        func run(_ world: inout World, _ index: Int) {
            world.nodes[index].step = .start
            world.nodes[index].isRefused = false
            world.nodes[index].created = []
            while world.nodes[index].step != .end { advance(&world, index) }
        }
    }

    /// Visits all states, and calls a function for each in which both nodes have ended or crashed.
    private func visit(_ model: Model, from start: World, _ check: (World) -> Void) -> Int {
        var seen: Set<String> = []
        var stack = [start]
        while let world = stack.popLast() {
            guard seen.insert(world.key).inserted else { continue }
            let running = world.nodes.indices.filter { world.nodes[$0].step != .end }
            if running.isEmpty { check(world) }
            for index in running {
                var next = world
                model.advance(&next, index)
                stack.append(next)
                var crashed = world
                crashed.nodes[index].step = .end
                stack.append(crashed)
            }
        }
        return seen.count
    }

    /// Every assignment of a value, or absence, to objects.
    private static func contents(_ names: [String]) -> [[String: Int]] {
        names.reduce([[:]]) { contents, name in
            contents.flatMap { content in
                [nil, 1, 2].map { (value: Int?) in content.merging(value.map { [name: $0] } ?? [:]) { $1 } }
            }
        }.filter { !$0.isEmpty }
    }

    /// All pairs of files with two objects, and with `NEST_ALL_CELLS=1` a hundred with three.
    private static var pairs: [(first: [String: Int], second: [String: Int])] {
        let small = contents(["a", "b"])
        let pairs = small.flatMap { first in small.map { (first, $0) } }
        guard TestProcess.environment["NEST_ALL_CELLS"] != nil else { return pairs }
        var generator = SplitMix64(seed: 3)
        let large = contents(["a", "b", "c"])
        return pairs
            + (0..<100).map { _ in
                (large.randomElement(using: &generator) ?? [:], large.randomElement(using: &generator) ?? [:])
            }
    }

    /// The versions of both files; files of one version are equal.
    private static let versions: [(String?, String?)] = [("1.0", "1.0"), ("1.0", "2.0"), (nil, nil)]

    @Test func `in any order two nodes end in one state, and no foreign object is touched`() throws {
        var stateCount = 0
        var endCount = 0
        for (one, two) in Self.versions {
            for (first, second) in Self.pairs where one != two || first == second {
                let model = Model(files: [File(objects: first, version: one), File(objects: second, version: two)])
                var start = World()
                start.objects["foreign"] = Object(value: 9, isMember: false, revision: -1)
                // An older state of the set, which one node has applied before.
                for earlier in [false, true] {
                    var start = start
                    if earlier {
                        let old = Model(files: [File(objects: ["a": 3, "b": 3], version: one.map { _ in "0.1" })])
                        old.run(&start, 0)
                        start.nodes[0].step = .start
                        start.nodes[0].created = []
                    }
                    stateCount += visit(model, from: start) { world in
                        endCount += 1
                        expect(model, world, newest: second)
                    }
                }
            }
        }
        print("SetProtocolTests: \(stateCount) states visited, \(endCount) of them ends")
        #expect(stateCount > 10_000)
    }

    /// Checks that the newest file is applied once its node has run once more, and that then nothing changes any more.
    private func expect(_ model: Model, _ world: World, newest: [String: Int]) {
        #expect(world.objects["foreign"]?.value == 9)
        if model.files[0].version != model.files[1].version {
            for (name, object) in world.objects where object.annotations[AppliedVersion.annotation] == "2.0" {
                #expect(object.value == newest[name], "an older file has changed '\(name)': \(world.key)")
            }
        }
        var settled = world
        for index in [0, 1, 0] { model.run(&settled, index) }
        let values = settled.objects.filter { $0.key != "foreign" }.mapValues(\.value)
        #expect(values == newest, "\(model.files) from \(world.key)")
        let key = settled.key
        for index in [1, 0] { model.run(&settled, index) }
        #expect(settled.key == key, "\(model.files) is not settled: \(world.key)")
    }
}

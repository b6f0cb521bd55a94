// swift-format-ignore-file
// Made by scripts/kubernetes-api/generate (`make generate`).
// stats/v1alpha1

package struct RlimitStats: APIStructure {
    package var time: Time? = nil
    package var maxpid: Int64? = nil
    package var curproc: Int64? = nil

    package init(
        time: Time? = nil,
        maxpid: Int64? = nil,
        curproc: Int64? = nil
    ) {
        self.time = time
        self.maxpid = maxpid
        self.curproc = curproc
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "time": self.time = Optional<Time>(from: value, at: path, reporting: &problems)
        case "maxpid": self.maxpid = Optional<Int64>(from: value, at: path, reporting: &problems)
        case "curproc": self.curproc = Optional<Int64>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("time", self.time)
        object.putUnlessEmpty("maxpid", self.maxpid)
        object.putUnlessEmpty("curproc", self.curproc)
    }
}

package struct RuntimeStats: APIStructure {
    @Boxed package var imageFs: FsStats? = nil
    @Boxed package var containerFs: FsStats? = nil

    package init(
        imageFs: FsStats? = nil,
        containerFs: FsStats? = nil
    ) {
        self.imageFs = imageFs
        self.containerFs = containerFs
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "imageFs": self.imageFs = Optional<FsStats>(from: value, at: path, reporting: &problems)
        case "containerFs": self.containerFs = Optional<FsStats>(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("imageFs", self.imageFs)
        object.putUnlessEmpty("containerFs", self.containerFs)
    }
}

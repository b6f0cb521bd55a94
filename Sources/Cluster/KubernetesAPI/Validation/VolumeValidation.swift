extension FieldErrors {
    /// Checks a pod's volumes and returns those without errors by their names: only they can be mounted.
    mutating func volumes(_ volumes: [Volume], podName: String, at path: FieldPath) -> [String: Volume] {
        var usable: [String: Volume] = [:]
        let claims = Set(
            podName.isEmpty ? [] : volumes.filter { $0.ephemeral != nil }.map { "\(podName)-\($0.name)" })
        for (index, volume) in volumes.enumerated() {
            let place = path.index(index)
            let before = all.count
            volumeSource(volume, podName: podName, at: place)
            if volume.name.isEmpty {
                required(place.field("name"))
            } else {
                invalid(place.field("name"), volume.name, NameFormat.dnsLabel(volume.name))
            }
            if usable[volume.name] != nil { duplicate(place.field("name"), volume.name) }
            if all.count == before { usable[volume.name] = volume }
            if let claim = volume.persistentVolumeClaim, claims.contains(claim.claimName) {
                invalid(
                    place.field("persistentVolumeClaim").field("claimName"), claim.claimName,
                    "must not reference a PVC that gets created for an ephemeral volume")
            }
        }
        return usable
    }

    /// Exactly one source, which is the first one; the others are named.
    private mutating func volumeSource(_ volume: Volume, podName: String, at path: FieldPath) {
        let kinds = volume.sourceFields
        guard let kind = kinds.first else {
            required(path, "must specify a volume type")
            return
        }
        for other in kinds.dropFirst() {
            forbidden(path.field(other), "may not specify more than 1 volume type")
        }
        let place = path.field(kind)
        switch kind {
        case "emptyDir": emptyDir(volume.emptyDir, at: place)
        case "hostPath": hostPath(volume.hostPath, at: place)
        case "configMap":
            if let source = volume.configMap {
                if source.name.isEmpty { required(place.field("name")) }
                files(mode: source.defaultMode, items: source.items, at: place)
            }
        case "secret":
            if let source = volume.secret {
                if source.secretName.isEmpty { required(place.field("secretName")) }
                files(mode: source.defaultMode, items: source.items, at: place)
            }
        case "downwardAPI":
            if let source = volume.downwardAPI {
                mode(source.defaultMode, at: place.field("defaultMode"))
                for (index, file) in source.items.enumerated() {
                    downwardFile(file, at: place.field("items").index(index))
                }
            }
        case "projected": projected(volume.projected, at: place)
        case "persistentVolumeClaim":
            if volume.persistentVolumeClaim?.claimName.isEmpty == true { required(place.field("claimName")) }
        case "image":
            if let policy = volume.image?.pullPolicy {
                if volume.image?.reference.isEmpty == true { required(place.field("reference")) }
                requiredWord(place.field("pullPolicy"), policy, of: PullPolicy.known)
            }
        case "ephemeral": ephemeral(volume, podName: podName, at: path)
        case "csi": csi(volume.csi, at: place)
        case "nfs":
            if let source = volume.nfs {
                if source.server.isEmpty { required(place.field("server")) }
                if source.path.isEmpty { required(place.field("path")) }
                if !source.path.hasPrefix("/") {
                    invalid(place.field("path"), source.path, "must be an absolute path")
                }
            }
        case "gitRepo":
            if let source = volume.gitRepo {
                if source.repository.isEmpty { required(place.field("repository")) }
                localPath(source.directory, mayStartWithDots: true, at: place.field("directory"))
            }
        default: storage(volume, kind, at: place)
        }
    }

    private mutating func emptyDir(_ source: EmptyDirVolumeSource?, at path: FieldPath) {
        if let limit = source?.sizeLimit, limit < .zero {
            forbidden(path.field("sizeLimit"), "SizeLimit field must be a valid resource quantity")
        }
        mode(source?.mode, at: path.field("mode"))
    }

    private mutating func hostPath(_ source: HostPathVolumeSource?, at path: FieldPath) {
        guard let source else { return }
        if source.path.isEmpty {
            required(path.field("path"))
            return
        }
        noBacksteps(source.path, at: path.field("path"))
        if let type = source.type { word(path.field("type"), type, of: HostPathType.known) }
    }

    private mutating func files(mode: Int32?, items: [KeyToPath], at path: FieldPath) {
        self.mode(mode, at: path.field("defaultMode"))
        for (index, item) in items.enumerated() { keyToPath(item, at: path.field("items").index(index)) }
    }

    private mutating func keyToPath(_ item: KeyToPath, at path: FieldPath) {
        if item.key.isEmpty { required(path.field("key")) }
        if item.path.isEmpty { required(path.field("path")) }
        localPath(item.path, mayStartWithDots: false, at: path.field("path"))
        mode(item.mode, at: path.field("mode"))
    }

    private mutating func mode(_ mode: Int32?, at path: FieldPath) {
        if let mode, !(0...0o777).contains(mode) {
            invalid(path, mode, "must be a number between 0 and 0777 (octal), both inclusive")
        }
    }

    private mutating func downwardFile(_ file: DownwardAPIVolumeFile, at path: FieldPath) {
        if file.path.isEmpty { required(path.field("path")) }
        localPath(file.path, mayStartWithDots: false, at: path.field("path"))
        if let field = file.fieldRef {
            fieldSelector(field, allowed: DownwardField.files, at: path.field("fieldRef"))
            if file.resourceFieldRef != nil {
                invalid(
                    path, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously")
            }
        } else if let resource = file.resourceFieldRef {
            resourceSelector(resource, needsContainer: true, at: path.field("resourceFieldRef"))
        } else {
            required(path, "one of fieldRef and resourceFieldRef is required")
        }
        mode(file.mode, at: path.field("mode"))
    }

    private mutating func ephemeral(_ volume: Volume, podName: String, at path: FieldPath) {
        let place = path.field("ephemeral")
        guard let template = volume.ephemeral?.volumeClaimTemplate else {
            required(place.field("volumeClaimTemplate"))
            return
        }
        let spec = place.field("volumeClaimTemplate").field("spec")
        if template.spec.accessModes.isEmpty {
            required(spec.field("accessModes"), "at least 1 access mode is required")
        }
        for (index, mode) in template.spec.accessModes.enumerated() {
            word(spec.field("accessModes").index(index), mode, of: PersistentVolumeAccessMode.known)
        }
        if let size = template.spec.resources.requests[.storage] {
            if size <= .zero {
                invalid(
                    spec.field("resources").key("storage"), size, "must be greater than zero")
            }
        } else {
            required(spec.field("resources").key("storage"))
        }
        if !podName.isEmpty, !volume.name.isEmpty {
            let claim = "\(podName)-\(volume.name)"
            for reason in NameFormat.dnsSubdomain(claim) {
                invalid(path.field("name"), volume.name, "PVC name \(claim.shown): \(reason)")
            }
        }
    }

    private mutating func csi(_ source: CSIVolumeSource?, at path: FieldPath) {
        guard let source else { return }
        if source.driver.isEmpty {
            required(path.field("driver"))
        } else {
            if source.driver.utf8.count > 63 { tooLong(path.field("driver"), limit: 63) }
            let name = source.driver.lowercased()
            invalid(path.field("driver"), source.driver, NameFormat.dnsSubdomain(name))
        }
        if let secret = source.nodePublishSecretRef, secret.name.isEmpty {
            required(path.field("nodePublishSecretRef").field("name"))
        }
    }

    private mutating func projected(_ volume: ProjectedVolumeSource?, at path: FieldPath) {
        guard let volume else { return }
        mode(volume.defaultMode, at: path.field("defaultMode"))
        var paths = Set<String>()
        for (index, source) in volume.sources.enumerated() {
            let place = path.field("sources").index(index)
            for file in projection(source, at: place) where !paths.insert(file).inserted {
                invalid(path, file, "conflicting duplicate paths")
            }
            let count = [
                source.secret != nil, source.configMap != nil, source.downwardAPI != nil,
                source.serviceAccountToken != nil, source.clusterTrustBundle != nil,
                source.podCertificate != nil,
            ].filter { $0 }.count
            if count > 1 { forbidden(place, "may not specify more than 1 volume type per source") }
        }
    }

    /// Checks one of the sources of a projected volume and returns the files that it names.
    private mutating func projection(_ source: VolumeProjection, at path: FieldPath) -> [String] {
        var paths: [String] = []
        if let secret = source.secret {
            let place = path.field("secret")
            if secret.name.isEmpty { required(place.field("name")) }
            files(mode: nil, items: secret.items, at: place)
            paths += secret.items.map(\.path)
        }
        if let map = source.configMap {
            let place = path.field("configMap")
            if map.name.isEmpty { required(place.field("name")) }
            files(mode: nil, items: map.items, at: place)
            paths += map.items.map(\.path)
        }
        if let downward = source.downwardAPI {
            for (index, file) in downward.items.enumerated() {
                downwardFile(file, at: path.field("downwardAPI").field("items").index(index))
                paths.append(file.path)
            }
        }
        if let token = source.serviceAccountToken {
            self.token(token, at: path.field("serviceAccountToken"))
        }
        if let bundle = source.clusterTrustBundle {
            trustBundle(bundle, at: path.field("clusterTrustBundle"))
            paths.append(bundle.path)
        }
        return paths.filter { !$0.isEmpty }
    }

    private mutating func token(_ token: ServiceAccountTokenProjection, at path: FieldPath) {
        if let seconds = token.expirationSeconds {
            if seconds < 600 {
                invalid(
                    path.field("expirationSeconds"), seconds,
                    "may not specify a duration less than 10 minutes")
            }
            if seconds > 1 << 32 {
                invalid(
                    path.field("expirationSeconds"), seconds,
                    "may not specify a duration larger than 2^32 seconds")
            }
        }
        if token.path.isEmpty {
            required(path.field("path"))
        } else {
            localPath(token.path, mayStartWithDots: false, at: path.field("path"))
        }
    }

    private mutating func trustBundle(_ bundle: ClusterTrustBundleProjection, at path: FieldPath) {
        switch (bundle.name, bundle.signerName) {
        case (.some, .some):
            invalid(path, json: bundle, "only one of name and signerName may be used")
        case (let name?, nil):
            if name.isEmpty { required(path.field("name"), "must be a valid object name") }
            if let selector = bundle.labelSelector {
                invalid(
                    path.field("labelSelector"), json: selector,
                    "labelSelector must be unset if name is specified")
            }
        case (nil, let signer?):
            if signer.isEmpty { required(path.field("signerName"), "must be a valid signer name") }
            labelSelector(bundle.labelSelector, at: path.field("labelSelector"))
        case (nil, nil):
            required(path, "either name or signerName must be specified")
        }
        if bundle.path.isEmpty { required(path.field("path")) }
        localPath(bundle.path, mayStartWithDots: false, at: path.field("path"))
    }
}

extension Volume {
    /// The names of the sources that are set, as they stand in the API.
    package var sourceFields: [String] {
        guard let object = apiValue.object else { return [] }
        return object.members.map(\.name).filter { $0 != "name" }
    }
}

extension SpecDecoder {
  mutating func imageConfig(_ json: JSON) -> ImageConfig {
    var config = ImageConfig(platform: Platform(os: "linux", architecture: ""))
    members(json) { decoder, key, value in
      switch key {
      case "created": config.created = decoder.text(value)
      case "author": config.author = decoder.text(value)
      case "architecture": config.platform.architecture = decoder.string(value) ?? ""
      case "os": config.platform.os = decoder.string(value) ?? ""
      case "variant": config.platform.variant = decoder.text(value)
      case "config": config.defaults = decoder.imageDefaults(value)
      case "rootfs": config.diffIDs = decoder.rootfs(value)
      case "history": config.history = decoder.list(value) { $0.historyEntry($1) }
      // docker's record of the container that made the image: it says nothing of the image.
      case "container", "container_config", "docker_version": break
      default: config.others.append(JSON.Member(key, value))
      }
    }
    require(["rootfs"], in: json)
    if config.diffIDs.count > ImageConfig.mostLayers { fault("more than \(ImageConfig.mostLayers) layers") }
    return config
  }

  private mutating func rootfs(_ json: JSON) -> [Digest] {
    var digests: [Digest] = []
    members(json) { decoder, key, value in
      switch key {
      case "type": if value != .string("layers") { decoder.fault("expected \"layers\"") }
      case "diff_ids": digests = decoder.list(value) { $0.digest($1) }
      default: break
      }
    }
    return digests
  }

  private mutating func historyEntry(_ json: JSON) -> HistoryEntry {
    var entry = HistoryEntry()
    members(json) { decoder, key, value in
      switch key {
      case "created": entry.created = decoder.text(value)
      case "created_by": entry.createdBy = decoder.text(value)
      case "author": entry.author = decoder.text(value)
      case "comment": entry.comment = decoder.text(value)
      case "empty_layer": entry.isEmptyLayer = decoder.bool(value) ?? false
      default: break
      }
    }
    return entry
  }

  mutating func imageDefaults(_ json: JSON) -> ImageDefaults {
    var defaults = ImageDefaults()
    members(json) { decoder, key, value in
      switch key {
      case "User": defaults.user = decoder.string(value) ?? ""
      case "ExposedPorts": defaults.exposedPorts = decoder.map(value) { _, _ in true }.keys.sorted()
      case "Env": defaults.env = decoder.strings(value)
      case "Entrypoint": defaults.entrypoint = decoder.strings(value)
      case "Cmd": defaults.cmd = decoder.strings(value)
      case "Volumes": defaults.volumes = decoder.map(value) { _, _ in true }.keys.sorted()
      case "WorkingDir": defaults.workingDirectory = decoder.string(value) ?? ""
      case "Labels": defaults.labels = decoder.map(value) { $0.string($1) }
      case "StopSignal": defaults.stopSignal = decoder.text(value)
      case "Shell": defaults.shell = decoder.strings(value)
      case "OnBuild": defaults.onBuild = decoder.strings(value)
      case "Healthcheck": defaults.healthcheck = value
      // Of the container that made the image; docker writes most of them as empty.
      case "Hostname", "Domainname", "AttachStdin", "AttachStdout", "AttachStderr", "Tty", "OpenStdin", "StdinOnce",
        "Image":
        break
      default: defaults.others.append(JSON.Member(key, value))
      }
    }
    return defaults
  }
}

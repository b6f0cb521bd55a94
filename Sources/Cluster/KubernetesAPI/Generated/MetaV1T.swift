// swift-format-ignore-file
// Made by scripts/kubernetes-api/generate (`make generate`).
// meta/v1

package struct Table: KubernetesObject {
    package static let apiVersion = "meta.k8s.io/v1"
    package static let kind = "Table"

    package var metadata: ListMeta = ListMeta()
    package var columnDefinitions: [TableColumnDefinition] = []
    package var rows: [TableRow] = []

    package init(
        metadata: ListMeta = ListMeta(),
        columnDefinitions: [TableColumnDefinition] = [],
        rows: [TableRow] = []
    ) {
        self.metadata = metadata
        self.columnDefinitions = columnDefinitions
        self.rows = rows
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "metadata": self.metadata = ListMeta(from: value, at: path, reporting: &problems)
        case "columnDefinitions": self.columnDefinitions = [TableColumnDefinition](from: value, at: path, reporting: &problems)
        case "rows": self.rows = [TableRow](from: value, at: path, reporting: &problems)
        case "apiVersion", "kind": _ = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("metadata", self.metadata)
        object.put("columnDefinitions", self.columnDefinitions)
        object.put("rows", self.rows)
    }
}

package struct TableColumnDefinition: APIStructure {
    package var name: String = ""
    package var type: String = ""
    package var format: String = ""
    package var description: String = ""
    package var priority: Int32 = 0

    package init(
        name: String = "",
        type: String = "",
        format: String = "",
        description: String = "",
        priority: Int32 = 0
    ) {
        self.name = name
        self.type = type
        self.format = format
        self.description = description
        self.priority = priority
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "name": self.name = String(from: value, at: path, reporting: &problems)
        case "type": self.type = String(from: value, at: path, reporting: &problems)
        case "format": self.format = String(from: value, at: path, reporting: &problems)
        case "description": self.description = String(from: value, at: path, reporting: &problems)
        case "priority": self.priority = Int32(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("name", self.name)
        object.put("type", self.type)
        object.put("format", self.format)
        object.put("description", self.description)
        object.put("priority", self.priority)
    }
}

package struct TableOptions: KubernetesObject {
    package static let apiVersion = "meta.k8s.io/v1"
    package static let kind = "TableOptions"

    package var includeObject: IncludeObjectPolicy = IncludeObjectPolicy()

    package init(
        includeObject: IncludeObjectPolicy = IncludeObjectPolicy()
    ) {
        self.includeObject = includeObject
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "includeObject": self.includeObject = IncludeObjectPolicy(from: value, at: path, reporting: &problems)
        case "apiVersion", "kind": _ = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.putUnlessEmpty("includeObject", self.includeObject)
    }
}

package struct TableRow: APIStructure {
    package var cells: [APIValue] = []
    package var conditions: [TableRowCondition] = []
    package var object: APIValue = .null

    package init(
        cells: [APIValue] = [],
        conditions: [TableRowCondition] = [],
        object: APIValue = .null
    ) {
        self.cells = cells
        self.conditions = conditions
        self.object = object
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "cells": self.cells = [APIValue](from: value, at: path, reporting: &problems)
        case "conditions": self.conditions = [TableRowCondition](from: value, at: path, reporting: &problems)
        case "object": self.object = APIValue(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("cells", self.cells)
        object.putUnlessEmpty("conditions", self.conditions)
        object.putUnlessEmpty("object", self.object)
    }
}

package struct TableRowCondition: APIStructure {
    package var type: RowConditionType = RowConditionType()
    package var status: ConditionStatus = ConditionStatus()
    package var reason: String = ""
    package var message: String = ""

    package init(
        type: RowConditionType = RowConditionType(),
        status: ConditionStatus = ConditionStatus(),
        reason: String = "",
        message: String = ""
    ) {
        self.type = type
        self.status = status
        self.reason = reason
        self.message = message
    }

    package init() {}

    package mutating func read(
        _ name: String, _ value: APIValue, at path: FieldPath, reporting problems: inout Problems
    ) -> Bool {
        switch name {
        case "type": self.type = RowConditionType(from: value, at: path, reporting: &problems)
        case "status": self.status = ConditionStatus(from: value, at: path, reporting: &problems)
        case "reason": self.reason = String(from: value, at: path, reporting: &problems)
        case "message": self.message = String(from: value, at: path, reporting: &problems)
        default: return false
        }
        return true
    }

    package func write(to object: inout APIObject) {
        object.put("type", self.type)
        object.put("status", self.status)
        object.putUnlessEmpty("reason", self.reason)
        object.putUnlessEmpty("message", self.message)
    }
}

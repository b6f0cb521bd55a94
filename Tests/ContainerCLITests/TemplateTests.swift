import ContainerCLI
import OCISpec
import Testing

/// `--format` with templates, in the forms that docker's users write.
struct TemplateTests {
    private static let document = """
        {"Id":"abc","Count":3,"On":true,"Off":false,"None":null,"Names":["x","y"],"Empty":[],
        "State":{"Status":"running","Pid":42},"Labels":{"b":"2","a.b/c":"1"},
        "Ports":{"80/tcp":[{"HostIp":"0.0.0.0","HostPort":"8080"}],"53/udp":[]}}
        """

    private func render(_ template: String) throws -> String {
        try Template(parsing: template).render(TemplateValue(document: Array(Self.document.utf8)))
    }

    @Test(arguments: [
        ("plain", "plain"), ("{{.Id}}", "abc"), ("{{ .State.Status }}:{{.State.Pid}}", "running:42"),
        ("{{.On}} {{.Count}} {{.Names}} {{.State}}", "true 3 [x y] map[Pid:42 Status:running]"),
        ("{{json .Names}}{{json .Id}}", #"["x","y"]"abc""#),
        ("{{.State | json}}", #"{"Status":"running","Pid":42}"#),
        ("{{range .Names}}<{{.}}>{{end}}{{range .Empty}}-{{else}}none{{end}}", "<x><y>none"),
        ("{{range $i, $n := .Names}}{{$i}}={{$n}} {{$.Id}};{{end}}", "0=x abc;1=y abc;"),
        ("{{range $k, $v := .Labels}}{{$k}}={{$v}} {{end}}", "a.b/c=1 b=2 "),
        (
            "{{range $p, $c := .Ports}}{{if $c}}{{$p}}->{{(index $c 0).HostPort}}{{end}}{{end}}",
            "80/tcp->8080"
        ),
        (#"{{index .Labels "a.b/c"}}{{index .Labels "none"}}{{index .Names 1}}"#, "1y"),
        ("{{if .Off}}a{{else if .None}}b{{else}}c{{end}}", "c"),
        (#"{{if eq .State.Status "exited" "running"}}up{{end}}{{if not .Off}}!{{end}}"#, "up!"),
        (#"{{if and .On (ne .Count 4)}}y{{end}}{{or .Off .Id}}"#, "yabc"),
        // Of what is in the parentheses only without a space between.
        (
            #"{{or (eq .Id "x") .Id}} {{(index .Ports "80/tcp" 0).HostIp}}{{println (len .Names) .Count}}"#,
            "abc 0.0.0.02 3\n"
        ),
        (#"{{join .Names ","}} {{upper .Id}} {{len .Names}} {{len .Id}}"#, "x,y ABC 2 3"),
        (#"{{with .State}}{{.Pid}}{{end}}{{range split "a-b" "-"}}[{{.}}]{{end}}"#, "42[a][b]"),
        ("a {{- .Id -}}  b{{/* nothing */}}", "aabcb"), ("{{$x := .Count}}{{$x}}{{println .Id}}", "3abc\n"),
        (#"{{"a\tb"}}{{`c\t`}}"#, "a\tbc\\t"), ("{{.None}}", "<no value>"),
        (#"{{title "two words"}} {{truncate .State.Status 3}}{{truncate .Id 9}}"#, "Two Words runabc"),
        (#"{{pad .Id 1 2}}|{{pad "" 1 2}}|"#, " abc  ||"),
        (
            #"{{printf "%-5s|%5v|%04d|%.2f|%q|%x|%t|%d%%" .Id .Names .Count .Count .Id 42 .On .Count}}"#,
            #"abc  |[x y]|0003|3.00|"abc"|2a|true|3%"#
        ),
        (#"{{.Count | printf "%s=%d" .Id}}"#, "abc=3"),
        ("{{gt .Count 2}} {{ge .Count 3}} {{lt .Count 2.5}} {{le .Id `abd`}}", "true true false true"),
        ("{{if $v := .On}}{{$v}}{{end}}{{if $v := .Off}}{{else}}{{$v}}{{end}}", "truefalse"),
        ("{{with $v := .State}}{{$v.Pid}}{{.Pid}}{{else}}-{{end}}{{with $v := .None}}-{{end}}", "4242"),
        // To the end of the block, and `=` to that of the block in which it is declared.
        ("{{$x := 1}}{{if .On}}{{$x := 2}}{{$x}}{{end}}{{$x}}{{if .On}}{{$x = 3}}{{end}}{{$x}}", "213"),
    ])
    func whatTheySay(template: String, text: String) throws {
        #expect(try render(template) == text)
    }

    @Test(arguments: [
        ("{{.Nothing}}", "there is no .Nothing"), ("{{.State.Nothing.More}}", "there is no .State.Nothing"),
        ("{{nothing .Id}}", "there is no function 'nothing'"), ("{{.Id", "'{{' without '}}'"),
        ("{{if .On}}", "without '{{end}}'"), ("{{end}}", "without a beginning"), ("{{}}", "is empty"),
        ("{{range .Id}}{{end}}", "no list"), ("{{index .Names 7}}", "index 7 of a list of 2"),
        ("{{json .Id .Id}}", "takes 1 arguments"), ("{{(.Id}}", "without ')'"),
        ("{{.Id)}}", "unexpected ')'"),
        (#"{{"a}}"#, "without its end"), ("{{.Id | }}", "is missing"), ("{{.Id .Id}}", "is no function"),
        ("{{$x}}", "there is no $x"), ("{{if $x := .On}}{{end}}{{$x}}", "there is no $x"),
        ("{{$x = 1}}", "there is no $x"), ("{{if $x, $y := .On}}{{end}}", "cannot be read"),
        (#"{{printf "%s"}}"#, "too few"), (#"{{printf "" 1}}"#, "too many"),
        (#"{{printf "%d" .Id}}"#, "no %d for abc"), (#"{{printf "%9999d" 1}}"#, "cannot be read"),
        ("{{gt .Id 1}}", "two numbers"), ("{{truncate .Id -1}}", "no number of characters"),
        ("{{.Id & 1}}", "not understood"),
    ])
    func whatIsWrong(template: String, says: String) {
        let error = #expect(throws: UsageError.self) { _ = try render(template) }
        #expect(error?.description.contains(says) == true, "\(error?.description ?? "")")
    }

    /// What an image does not set is empty, as with docker; what no image has is a mistake.
    @Test(arguments: [
        ("{{.Config.User}}|{{.Config.WorkingDir}}|{{.Variant}}|{{json .Config.User}}", #"|||"""#),
        ("{{.Config.Entrypoint}} {{.Config.ExposedPorts}} {{.Config.Healthcheck}}", "[] map[] <nil>"),
        ("{{json .Config.Labels}} {{json .Config.Volumes}} {{.Config.Cmd}}", "null null [sh]"),
        (#"<{{index .Config.Labels "a"}}>{{len .Config.Labels}}{{join .Config.OnBuild ","}}"#, "<>0"),
        ("{{if .Variant}}a{{end}}{{with .Config.Healthcheck}}b{{end}}{{range .Config.Volumes}}c{{end}}", ""),
    ])
    func whatIsNotSet(template: String, text: String) throws {
        let document = #"{"Id":"a","Config":{"Cmd":["sh"],"Labels":null},"RootFS":{"Type":"layers"}}"#
        let value = try TemplateValue(document: Array(document.utf8)).filled(from: UnsetMembers.image)
        #expect(try Template(parsing: template).render(value) == text)
        for wrong in ["{{.Config.Usr}}", "{{.Nothing}}", "{{.Config.Healthcheck.Test}}"] {
            #expect(throws: UsageError.self) { try Template(parsing: wrong).render(value) }
        }
    }

    @Test func fieldsOfATemplate() throws {
        let template = try Template(parsing: "{{if .ID}}{{.A.B}}{{end}}{{json (len .Names)}}{{$.X}}")
        #expect(template.fieldNames == ["ID", "A", "Names", "X"])
    }

    /// Looked up, and not looked for in a text in which a comma may be anything.
    @Test func labelsOfARow() throws {
        let row = TemplateValue.object([.init("Labels", .string("a=b,z=9,d=e"))])
        let labels: SortedMap<String> = ["a": "b,z=9", "d": "e"]
        let template = try Template(parsing: #"{{.Label "a"}}|{{.Label "z"}}|{{$.Label "d"}}|{{.Labels}}"#)
        #expect(try template.render(row, labels: labels) == "b,z=9||e|a=b,z=9,d=e")
        #expect(throws: UsageError.self) { try template.render(row) }
    }

    @Test(arguments: [
        (
            #"{{.ID}} {{.Names | lower | title}} {{json .ID}} {{upper (truncate .Names 3)}}"#,
            "THE ID NAMES THE ID NAMES"
        ),
        (#"{{join (split .Names ",") ";"}} {{.Label "com.example.some-big_team"}}"#, "NAMES some big team"),
        (#"{{.ID}} {{range split .Names ","}}{{.}}{{end}} {{.ID}}"#, "THE ID "),
    ])
    func headers(template: String, text: String) throws {
        #expect(try Template(parsing: template).header { $0 == "ID" ? "THE ID" : "NAMES" } == text)
    }
}

//! `amends lsp` with real clients: the protocol itself, and Neovim where it is installed.

use std::io::{BufReader, Write};
use std::process::{Command, Stdio};

use lsp_server::{Message, Notification, Request, RequestId};
use serde_json::{Value, json};

const TEXT: &str = "# Checkout failed\n\n## Timeline, 2022-11-10 (UTC)\n\n- 1: 55 PM Outage begins\n- 2:23 PM Incident resolved\n";

#[test]
fn diagnostics_hover_and_changes() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_amends"))
        .arg("lsp")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("starts");
    let mut to = child.stdin.take().expect("piped");
    let mut from = BufReader::new(child.stdout.take().expect("piped"));
    let mut say = |message: Message| {
        message.write(&mut to).expect("is written");
        to.flush().expect("is sent");
    };
    let mut hear = || Message::read(&mut from).expect("is understood").expect("is there");
    let request = |id: i32, method: &str, params: Value| {
        Message::Request(Request::new(RequestId::from(id), method.to_owned(), params))
    };
    let note =
        |method: &str, params: Value| Message::Notification(Notification::new(method.to_owned(), params));

    say(request(1, "initialize", json!({ "capabilities": {} })));
    let Message::Response(started) = hear() else { panic!("no answer to initialize") };
    assert_eq!(result(&started)["capabilities"]["hoverProvider"], true);
    say(note("initialized", json!({})));

    let uri = "file:///tmp/2022-11-10.md";
    let opened =
        json!({ "textDocument": { "uri": uri, "languageId": "markdown", "version": 1, "text": TEXT } });
    say(note("textDocument/didOpen", opened));
    let Message::Notification(published) = hear() else { panic!("no diagnostics") };
    let odd = diagnostic(&published.params, "T07").expect("the odd time is reported");
    assert_eq!(odd["range"]["start"], json!({ "line": 4, "character": 2 }));

    let place = json!({ "textDocument": { "uri": uri }, "position": { "line": 4, "character": 4 } });
    say(request(2, "textDocument/hover", place));
    let Message::Response(hover) = hear() else { panic!("no hover") };
    let hover = result(&hover);
    let manual = hover["contents"]["value"].as_str().unwrap_or_default();
    assert!(manual.contains("# T07: ") && manual.contains("## Why it matters"), "{manual}");

    let around =
        json!({ "textDocument": { "uri": uri }, "range": odd["range"], "context": { "diagnostics": [] } });
    say(request(3, "textDocument/codeAction", around));
    let Message::Response(actions) = hear() else { panic!("no actions") };
    let actions = result(&actions);
    let titles: Vec<&str> =
        actions.as_array().into_iter().flatten().filter_map(|action| action["title"].as_str()).collect();
    assert!(titles.contains(&"Write ‘1:55 PM’"), "{titles:?}");
    assert!(titles.contains(&"Allow T07 here and say why"), "{titles:?}");

    let fixed = TEXT.replace("1: 55", "1:55");
    let changed =
        json!({ "textDocument": { "uri": uri, "version": 2 }, "contentChanges": [{ "text": fixed }] });
    say(note("textDocument/didChange", changed));
    let Message::Notification(published) = hear() else { panic!("no diagnostics") };
    assert_eq!(diagnostic(&published.params, "T07"), None);

    say(request(4, "shutdown", Value::Null));
    let Message::Response(_) = hear() else { panic!("no answer to shutdown") };
    say(note("exit", Value::Null));
    assert!(child.wait().expect("ends").success());
}

fn result(response: &lsp_server::Response) -> Value {
    serde_json::to_value(response).expect("is JSON")["result"].clone()
}

fn diagnostic(params: &Value, code: &str) -> Option<Value> {
    params["diagnostics"].as_array()?.iter().find(|diagnostic| diagnostic["code"] == code).cloned()
}

/// What Neovim does with a text: it waits for diagnostics, asks for hover and actions, applies the safe change.
const SCRIPT: &str = r#"
local out = { }
local id = vim.lsp.start_client({ cmd = { vim.env.AMENDS_PROGRAM, 'lsp' }, root_dir = vim.fn.getcwd() })
vim.lsp.buf_attach_client(0, id)
local function codes()
  local found = {}
  for _, d in ipairs(vim.diagnostic.get(0)) do table.insert(found, d.code) end
  return found
end
vim.wait(30000, function() return #vim.diagnostic.get(0) > 0 end, 50)
out.before = codes()
local document = { uri = vim.uri_from_bufnr(0) }
local hover = vim.lsp.buf_request_sync(0, 'textDocument/hover',
  { textDocument = document, position = { line = 4, character = 4 } }, 30000)
out.hover = hover[id].result.contents.value
local range = { start = { line = 4, character = 2 }, ['end'] = { line = 4, character = 10 } }
local actions = vim.lsp.buf_request_sync(0, 'textDocument/codeAction',
  { textDocument = document, range = range, context = { diagnostics = {} } }, 30000)
for _, action in ipairs(actions[id].result) do
  if action.title:find('^Write') then vim.lsp.util.apply_workspace_edit(action.edit, 'utf-16') end
end
vim.wait(30000, function() return not vim.tbl_contains(codes(), 'T07') end, 50)
out.after = codes()
out.line = vim.api.nvim_buf_get_lines(0, 4, 5, false)[1]
vim.fn.writefile({ vim.fn.json_encode(out) }, vim.env.AMENDS_OUT)
vim.cmd('qall!')
"#;

#[test]
fn neovim_shows_findings_and_applies_a_fix() {
    if Command::new("nvim").arg("--version").output().is_err() {
        eprintln!("SKIPPED: nvim is not installed (Debian: neovim)");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let (text, script, out) =
        (folder.path().join("r.md"), folder.path().join("s.lua"), folder.path().join("out"));
    std::fs::write(&text, TEXT).expect("written");
    std::fs::write(&script, SCRIPT).expect("written");
    let status = Command::new("timeout")
        .args(["120", "nvim", "--headless", "-u", "NONE", "-i", "NONE", "-n"])
        .arg(&text)
        .arg("-c")
        .arg(format!("luafile {}", script.display()))
        .env("AMENDS_PROGRAM", env!("CARGO_BIN_EXE_amends"))
        .env("AMENDS_OUT", &out)
        .env("HOME", folder.path())
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .status()
        .expect("starts");
    assert!(status.success(), "{status}");
    let said: Value = serde_json::from_str(&std::fs::read_to_string(&out).expect("an answer")).expect("JSON");
    let has = |list: &Value| list.as_array().is_some_and(|codes| codes.iter().any(|code| code == "T07"));
    assert!(has(&said["before"]) && !has(&said["after"]), "{said}");
    assert!(said["hover"].as_str().is_some_and(|manual| manual.contains("# T07: ")), "{said}");
    assert_eq!(said["line"], "- 1:55 PM Outage begins");
}

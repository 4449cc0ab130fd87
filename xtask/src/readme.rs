//! Reading what README.md promises, so that it can be held to it.

/// A fenced code block: what stands above it, the words after the fence, and the text.
#[derive(Debug, PartialEq, Eq)]
pub struct Block<'a> {
    /// The line before it, if that is an HTML comment: the text in it.
    pub comment: Option<&'a str>,
    /// The info string: `js`, `sh`…
    pub info: &'a str,
    /// The lines between the fences.
    pub text: String,
}

/// The fenced code blocks of a Markdown text (backtick fences, as the README has them).
pub fn blocks(markdown: &str) -> Vec<Block<'_>> {
    let mut found = Vec::new();
    let mut lines = markdown.lines();
    let mut before = "";
    while let Some(line) = lines.next() {
        let above = std::mem::replace(&mut before, line);
        let trimmed = line.trim_start();
        let fence_len = trimmed.bytes().take_while(|&b| b == b'`').count();
        if fence_len < 3 {
            continue;
        }
        let (fence, info) = trimmed.split_at(fence_len);
        let text = lines
            .by_ref()
            .take_while(|line| line.trim() != fence)
            .fold(String::new(), |text, line| text + line + "\n");
        found.push(Block {
            comment: above
                .trim()
                .strip_prefix("<!--")
                .and_then(|rest| rest.strip_suffix("-->"))
                .map(str::trim),
            info: info.trim(),
            text,
        });
    }
    found
}

/// The command that begins with `start` as a fenced block gives it, in words: without a prompt and
/// without a comment behind it.
pub fn command(markdown: &str, start: &str) -> Option<Vec<String>> {
    let wanted: Vec<&str> = start.split_whitespace().collect();
    blocks(markdown)
        .iter()
        .flat_map(|block| block.text.lines())
        .map(|line| {
            let line = line.trim();
            let line = line.strip_prefix("$ ").unwrap_or(line);
            let line = line.split(" #").next().unwrap_or(line);
            line.split_whitespace().collect::<Vec<_>>()
        })
        .find(|words| words.starts_with(&wanted))
        .map(|words| words.into_iter().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const README: &str = "# x\n\nRun `cargo xtask test --no` or:\n\n\
        ```sh\n$ cargo xtask demo\ncargo xtask test   # all of them\n```\n\n\
        ````md\n```js\nnot a block of its own\n```\n````\n\n<!-- run it -->\n  ```js run\n  await 1\n  ```\n";

    #[test]
    fn the_command_is_taken_from_a_fenced_block() {
        assert_eq!(
            command(README, "cargo xtask test").unwrap(),
            ["cargo", "xtask", "test"]
        );
        assert_eq!(
            command(README, "cargo xtask demo").unwrap(),
            ["cargo", "xtask", "demo"]
        );
        assert_eq!(command(README, "cargo xtask tes"), None);
        assert_eq!(command("cargo xtask test", "cargo xtask test"), None);
    }

    #[test]
    fn blocks_end_at_their_own_fence() {
        let blocks = blocks(README);
        let infos: Vec<_> = blocks.iter().map(|block| block.info).collect();
        assert_eq!(infos, ["sh", "md", "js run"]);
        assert!(blocks[1].text.contains("not a block"));
        assert_eq!(blocks[2].text, "  await 1\n");
        let comments: Vec<_> = blocks.iter().map(|block| block.comment).collect();
        assert_eq!(comments, [None, None, Some("run it")]);
    }
}

//! A Chrome and its chromedriver for the browser tests, found or (on Debian, as root) installed.

use anyhow::Result;
use std::env;
use std::path::PathBuf;

use super::{SetupError, version_in};
use crate::{project::Project, term};

/// The browser and its driver.
pub struct Chrome {
    /// Chrome or Chromium.
    pub browser: PathBuf,
    /// chromedriver of the same major version.
    pub driver: PathBuf,
}

const BROWSERS: [&str; 5] = [
    "google-chrome",
    "google-chrome-stable",
    "chromium",
    "chromium-browser",
    "chrome",
];

/// Finds both, installs them where that is possible, and checks that they fit each other.
pub fn ensure(project: &Project) -> Result<Chrome> {
    let chrome = match find(project) {
        Err(SetupError::NoChrome { .. }) if can_install(project) => {
            term::note(
                "installing chromium and chromium-driver: the browser tests run in it \
                 (a minute or two)",
            );
            let apt = || {
                project
                    .cmd("apt-get")
                    .env("DEBIAN_FRONTEND", "noninteractive")
            };
            apt().args(["update", "-q"]).run()?;
            apt()
                .args(["install", "-y", "-q", "chromium", "chromium-driver"])
                .run()?;
            find(project)?
        }
        found => found?,
    };
    check_fit(project, &chrome)?;
    Ok(chrome)
}

/// Finds both: `$CHROME` and `$CHROMEDRIVER`, else in `PATH`, else where the system keeps them.
pub fn find(project: &Project) -> Result<Chrome, SetupError> {
    let browser = match named_in("CHROME")? {
        Some(path) => path,
        None => BROWSERS
            .iter()
            .find_map(|name| project.which(name))
            .or_else(|| usual_places().into_iter().find(|path| path.is_file()))
            .ok_or(missing("Chrome or Chromium"))?,
    };
    let driver = match named_in("CHROMEDRIVER")? {
        Some(path) => path,
        None => project
            .which("chromedriver")
            .ok_or(missing("chromedriver"))?,
    };
    Ok(Chrome { browser, driver })
}

fn named_in(variable: &'static str) -> Result<Option<PathBuf>, SetupError> {
    let Some(value) = env::var_os(variable).filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    let path = PathBuf::from(value);
    if path.is_file() {
        Ok(Some(path))
    } else {
        Err(SetupError::NoSuchBrowser { variable, path })
    }
}

fn usual_places() -> Vec<PathBuf> {
    if cfg!(target_os = "macos") {
        [
            "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
            "/Applications/Chromium.app/Contents/MacOS/Chromium",
        ]
        .map(PathBuf::from)
        .to_vec()
    } else if cfg!(windows) {
        ["PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA"]
            .iter()
            .filter_map(env::var_os)
            .map(|folder| PathBuf::from(folder).join("Google/Chrome/Application/chrome.exe"))
            .collect()
    } else {
        Vec::new()
    }
}

fn missing(missing: &'static str) -> SetupError {
    let advice = if cfg!(target_os = "macos") {
        "Run `brew install --cask google-chrome chromedriver`."
    } else if cfg!(windows) {
        "Install Google Chrome, and put the chromedriver.exe of the same version into PATH."
    } else {
        "Debian: `sudo apt-get install chromium chromium-driver`; Fedora: `sudo dnf install \
         chromium chromedriver`; Arch: `sudo pacman -S chromium`; elsewhere install Chrome and the \
         chromedriver of the same version and name them in CHROME and CHROMEDRIVER."
    };
    SetupError::NoChrome { missing, advice }
}

/// On Debian itself, as root. (Ubuntu's package of that name only fetches a snap.)
fn can_install(project: &Project) -> bool {
    let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    is_debian(&release) && is_root() && project.which("apt-get").is_some()
}

fn is_debian(os_release: &str) -> bool {
    os_release.lines().any(|line| line.trim() == "ID=debian")
}

/// Whether this is the superuser, for whom Chrome refuses to start with its sandbox.
pub fn is_root() -> bool {
    #[cfg(unix)]
    return nix::unistd::geteuid().is_root();
    #[cfg(not(unix))]
    return false;
}

/// chromedriver refuses a Chrome of another major version, but only says so deep in a log.
fn check_fit(project: &Project, chrome: &Chrome) -> Result<(), SetupError> {
    // chrome.exe does not answer this question: it opens a window.
    if cfg!(windows) {
        return Ok(());
    }
    let ask = |program: &PathBuf| {
        let program = program.to_string_lossy();
        project
            .cmd(&program)
            .arg("--version")
            .ask()
            .as_deref()
            .and_then(version_in)
    };
    let (Some(browser), Some(driver)) = (ask(&chrome.browser), ask(&chrome.driver)) else {
        return Ok(());
    };
    if browser.first() == driver.first() {
        return Ok(());
    }
    let show = |version: Vec<u32>| {
        let numbers: Vec<String> = version.iter().map(u32::to_string).collect();
        numbers.join(".")
    };
    Err(SetupError::ChromeMismatch {
        browser: show(browser),
        driver: show(driver),
    })
}

impl Chrome {
    /// What chromedriver is to start, for the wasm tests: headless, silent on the network, and
    /// for root without the sandbox that Chrome then refuses.
    pub fn capabilities(&self) -> String {
        let mut args = vec![
            "--headless=new",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-default-apps",
            "--disable-sync",
            "--disable-extensions",
            "--metrics-recording-only",
        ];
        if is_root() {
            args.push("--no-sandbox");
        }
        serde_json::json!({
            "goog:chromeOptions": { "binary": self.browser, "args": args }
        })
        .to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_debian_itself_is_debian() {
        assert!(is_debian(
            "PRETTY_NAME=\"Debian\"\nID=debian\nVERSION_ID=\"12\"\n"
        ));
        assert!(!is_debian("ID=ubuntu\nID_LIKE=debian\n"));
        assert!(!is_debian(""));
    }

    #[test]
    fn capabilities_name_the_browser_that_was_found() {
        let chrome = Chrome {
            browser: PathBuf::from("/opt/my \"chrome\""),
            driver: PathBuf::from("driver"),
        };
        let value: serde_json::Value = serde_json::from_str(&chrome.capabilities()).unwrap();
        let options = &value["goog:chromeOptions"];
        assert_eq!(options["binary"], "/opt/my \"chrome\"");
        let args = options["args"].as_array().unwrap();
        assert!(
            args.iter()
                .any(|arg| arg == "--disable-background-networking")
        );
        assert_eq!(args.iter().any(|arg| arg == "--no-sandbox"), is_root());
    }
}

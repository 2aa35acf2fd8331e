//! Processes of a test's own: this test binary once more, told by its environment which role it plays and with what.

use std::process::{Child, Command, ExitStatus, Stdio};

/// Starts `role`, a test of this binary, in a process of its own.
pub fn spawn(role: &str, told: &[(&str, String)]) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", role, "--nocapture"])
        .envs(told.iter().map(|(name, value)| (variable(name), value)))
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap()
}

/// What a role was told; None where the test runner runs the role as if it were a test.
pub fn told(name: &str) -> Option<String> {
    std::env::var(variable(name)).ok()
}

fn variable(name: &str) -> String {
    format!("VNR_TEST_ROLE_{}", name.to_uppercase())
}

/// One process that may be killed and started again. It goes with the test, however that ends.
pub struct Process {
    role: &'static str,
    told: Vec<(&'static str, String)>,
    child: Child,
    /// How often it was killed.
    pub kills: usize,
}

impl Process {
    pub fn start(role: &'static str, told: Vec<(&'static str, String)>) -> Process {
        let child = spawn(role, &told);
        Process { role, told, child, kills: 0 }
    }

    /// SIGKILL: it has no chance to put anything in order.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.kills += 1;
    }

    pub fn restart(&mut self) {
        self.child = spawn(self.role, &self.told);
    }

    /// How it ended, where it has ended by itself.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

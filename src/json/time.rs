//! Edit times: when the user did what an op does.

use super::number::Number;
use super::op::{Branch, EditTime, JsonOp, Mark};

impl JsonOp {
    /// The op, made at `time`. What has a time already keeps it.
    #[must_use]
    pub fn stamped(&self, time: EditTime) -> Self {
        self.with_times(&|old| Some(old.unwrap_or(time)))
    }

    /// The op with no time later than `latest`: so that a clock that is ahead does not win for ever.
    #[must_use]
    pub fn clamped(&self, latest: EditTime) -> Self {
        self.with_times(&|time| time.map(|time| time.min(latest)))
    }

    fn with_times(&self, change: &dyn Fn(Option<EditTime>) -> Option<EditTime>) -> Self {
        fn visit(branch: &mut Branch, change: &dyn Fn(Option<EditTime>) -> Option<EditTime>) {
            if branch.mark != Mark::None || branch.edit.is_some() {
                let max = EditTime(Number::MAX_SAFE as u64);
                branch.time = change(branch.time).map(|time| time.min(max));
            }
            branch
                .kids
                .iter_mut()
                .for_each(|kid| visit(&mut kid.branch, change));
        }
        let (mut picks, mut drops) = ((*self.picks).clone(), (*self.drops).clone());
        visit(&mut picks, change);
        visit(&mut drops, change);
        // Runs are cut where times differ: those that do not differ any more join.
        super::canonical::canonical(picks, drops)
    }
}

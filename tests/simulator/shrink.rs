//! Makes a failing schedule small: leaves out runs of steps, large ones first, as long as it still fails.

use crate::schedule::Schedule;

pub fn shrink(mut schedule: Schedule, fails: impl Fn(&Schedule) -> bool) -> Schedule {
    let mut chunk = schedule.steps.len().div_ceil(2);
    while chunk > 0 {
        let mut at = 0;
        let mut removed = false;
        while at < schedule.steps.len() {
            let mut candidate = schedule.clone();
            candidate
                .steps
                .drain(at..(at + chunk).min(schedule.steps.len()));
            if fails(&candidate) {
                schedule = candidate;
                removed = true;
            } else {
                at += chunk;
            }
        }
        if !removed || chunk > 1 {
            chunk /= 2;
        }
    }
    schedule
}

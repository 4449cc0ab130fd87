//! Schedules that failed once, shrunk.

use crate::outcome;
use crate::schedule::Kind::{self, *};
use crate::schedule::{Schedule, Step};
use crate::subject::Subject;

fn replay(devices: u32, window: u32, limit: u32, subject: u32, steps: &[(Kind, u32, u32)]) {
    let steps = steps
        .iter()
        .map(|&(kind, a, b)| Step { kind, a, b })
        .collect();
    let schedule = Schedule {
        devices,
        window,
        limit,
        subject: Subject(subject),
        steps,
    };
    if let Err(why) = outcome(&schedule, true) {
        panic!("{why}");
    }
}

/// Opening with a seq whose freeze was not saved fenced it, and the record of the seq before was lost.
#[test]
fn seed_412() {
    replay(
        2,
        2,
        1000000,
        0,
        &[
            (Connect, 2702541915, 4294237743),
            (Insert, 841937573, 1492835252),
            (Deliver, 548391553, 3056390985),
            (Deliver, 2508743857, 3172076366),
            (Flush, 2419503579, 2723808483),
            (Insert, 3899617443, 3256156754),
            (WriteDone, 1626950005, 30619786),
            (DeliverAny, 330851761, 2245543184),
            (AppendDone, 102763000, 3939782015),
            (Deliver, 3923357355, 1830313703),
            (Flush, 4049134781, 3875099266),
            (NewEpoch, 1152583344, 2619096215),
            (Connect, 940927865, 885630614),
            (CrashDevice, 2941224025, 4210959603),
        ],
    );
}

/// What the authority said of one inflight op was taken for the next one, of a copied client id.
#[test]
fn seed_64() {
    replay(
        2,
        1000,
        30,
        0,
        &[
            (CrashDevice, 2982209063, 984974222),
            (CrashDevice, 678166677, 3568010472),
            (Insert, 448233857, 3903369935),
            (Connect, 1967305451, 1974231598),
            (Deliver, 4419296, 583854181),
            (Deliver, 1327926479, 2950290079),
            (Flush, 4285326655, 2957084168),
            (Insert, 332904525, 457336987),
            (Flush, 197807579, 612101990),
            (WriteDone, 4242608589, 969109314),
            (WriteDone, 561890619, 1097967121),
            (CopyDevice, 4191059423, 2414090080),
            (Insert, 201652387, 792948844),
        ],
    );
}

/// Edits that cancelled out were never counted as saved.
#[test]
fn seed_60() {
    replay(
        4,
        1000,
        30,
        0,
        &[
            (CrashDevice, 1014322457, 3443701399),
            (CrashDevice, 3136799661, 2746013327),
            (Flush, 4064779853, 517517974),
            (CancelOut, 1040679421, 2967058361),
        ],
    );
}

/// A damaged copy of a committed op was taken for a copied client id.
#[test]
fn seed_5001327() {
    replay(
        2,
        2,
        1000000,
        0,
        &[
            (Insert, 2794759360, 1852779724),
            (Connect, 1910498374, 1772589960),
            (Deliver, 609583420, 2227819295),
            (DeliverAny, 647034665, 653161686),
            (Insert, 4078772359, 3666917569),
            (Connect, 2089579297, 2635169352),
            (DeliverAny, 3155163913, 1850248534),
            (Flush, 1925127424, 2797516533),
            (DeliverAny, 1327128254, 706000369),
            (Flush, 503336281, 3596440432),
            (WriteDone, 1910903524, 1380100319),
            (Deliver, 2347826009, 3772375157),
            (AppendDone, 1371582699, 3139391421),
            (Deliver, 2592761560, 1361464026),
            (WriteDone, 2953833717, 4212948750),
            (Resync, 3462808005, 2262226381),
            (Deliver, 1527951625, 3091908014),
            (DeliverAny, 4033374319, 2666996134),
            (Deliver, 1522603727, 3480345262),
            (Deliver, 3978703038, 2578925401),
            (AppendDone, 78327310, 2024566231),
            (Malformed, 966988165, 2723023011),
            (DeliverAny, 2335554671, 3609539187),
            (Prune, 4134113752, 2424986000),
        ],
    );
}

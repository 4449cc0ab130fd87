//! Numbers: finite doubles that print as JavaScript prints them.

use std::fmt;

use serde::{Serialize, Serializer};

/// A JSON number: a finite IEEE double. There is no negative zero (JSON text made by JavaScript has none).
///
/// ```
/// # use rejoin::json::Number;
/// assert_eq!(Number::new(1e21).map(|n| n.to_string()), Some("1e+21".into()));
/// assert_eq!(Number::new(f64::NAN), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Number(f64);

impl Eq for Number {} // never NaN

impl Number {
    /// The largest integer that a counter may reach, either way: JavaScript's `Number.MAX_SAFE_INTEGER`.
    pub const MAX_SAFE: i64 = (1 << 53) - 1;

    /// The number, unless it is infinite or no number.
    pub fn new(value: f64) -> Option<Self> {
        value.is_finite().then_some(Self(value + 0.0)) // −0 + 0 = 0
    }

    /// The double.
    pub fn get(self) -> f64 {
        self.0
    }

    /// The number as an integer from −(2⁵³ − 1) to 2⁵³ − 1, if it is one: what counters count in.
    pub fn as_safe_integer(self) -> Option<i64> {
        let safe = self.0.fract() == 0.0 && self.0.abs() <= Self::MAX_SAFE as f64;
        safe.then_some(self.0 as i64)
    }

    /// The number of an integer, if it is exact.
    pub fn from_safe_integer(value: i64) -> Option<Self> {
        (-Self::MAX_SAFE..=Self::MAX_SAFE)
            .contains(&value)
            .then_some(Self(value as f64))
    }
}

impl From<i32> for Number {
    fn from(value: i32) -> Self {
        Self(value.into())
    }
}

/// As JavaScript's `String(number)`: the shortest digits that read back the same; plain from 1e-6 up to 1e21.
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(integer) = self.as_safe_integer() {
            return write!(f, "{integer}");
        }
        // Rust's exponent form has the same shortest digits: [-]d[.ddd]e[-]x
        let scientific = format!("{:e}", self.0);
        let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
        let exponent: i32 = exponent.parse().unwrap_or(0);
        let (sign, mantissa) = match mantissa.strip_prefix('-') {
            Some(rest) => ("-", rest),
            None => ("", mantissa),
        };
        let digits = mantissa.replace('.', "");
        let point = exponent + 1; // where the point stands, counted from the first digit
        let len = digits.len() as i32;
        f.write_str(sign)?;
        match point {
            1..=21 if len <= point => {
                write!(f, "{digits}{}", "0".repeat((point - len) as usize))
            }
            1..=21 => {
                let (whole, fraction) = digits.split_at(point as usize);
                write!(f, "{whole}.{fraction}")
            }
            -5..=0 => write!(f, "0.{}{digits}", "0".repeat(-point as usize)),
            _ => {
                let plus = if exponent > 0 { "+" } else { "" };
                write!(f, "{mantissa}e{plus}{exponent}")
            }
        }
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.as_safe_integer() {
            Some(integer) => serializer.serialize_i64(integer),
            None => serializer.serialize_f64(self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The right column was printed by Node's `String(x)`.
    #[test]
    fn numbers_print_as_javascript_prints_them() {
        let cases = [
            (0.0, "0"),
            (-0.0, "0"),
            (1.5, "1.5"),
            (-123.456, "-123.456"),
            (1e20, "100000000000000000000"),
            (1.234e20, "123400000000000000000"),
            (1e21, "1e+21"),
            (-1.5e300, "-1.5e+300"),
            (0.000001, "0.000001"),
            (0.00000123, "0.00000123"),
            (1e-7, "1e-7"),
            (1.25e-9, "1.25e-9"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
            (9007199254740992.0, "9007199254740992"),
            (0.1 + 0.2, "0.30000000000000004"),
            (123456789.125, "123456789.125"),
        ];
        for (value, expected) in cases {
            assert_eq!(Number::new(value).unwrap().to_string(), expected);
        }
    }
}

// SPDX-License-Identifier: GPL-2.0-only

//! Text for a record, put together before it is appended.

/// Up to `N` bytes of text on the stack, to be appended to a record in one go.
///
/// A handful of short fields is put together here at a fraction of what the kernel's `vsnprintf()`
/// takes.
///
/// A piece that doesn't fit is left out. The writer knows the longest form of its fields, and
/// chooses `N` by it.
///
/// # Examples
///
/// ```
/// use kernel::audit::Text;
///
/// let mut text = Text::<32>::new();
/// text.push(b"pid=");
/// text.push_i32(-42);
/// text.push(b" comm=");
/// text.push_untrusted(b"sh");
/// assert_eq!(text.as_bytes(), b"pid=-42 comm=\"sh\"");
/// ```
pub struct Text<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> Text<N> {
    /// Creates an empty text.
    #[inline]
    pub const fn new() -> Self {
        Self {
            bytes: [0; N],
            len: 0,
        }
    }

    /// Returns the text.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or(&[])
    }

    /// Returns the place for the next `len` bytes, if they fit, and counts them in.
    #[inline]
    fn grow(&mut self, len: usize) -> Option<&mut [u8]> {
        let place = self.bytes.get_mut(self.len..)?.get_mut(..len)?;

        // NO-OVERFLOW: The place ends within `bytes`.
        self.len = self.len.wrapping_add(len);
        Some(place)
    }

    /// Appends bytes as they are.
    #[inline]
    pub fn push(&mut self, bytes: &[u8]) {
        if let Some(place) = self.grow(bytes.len()) {
            place.copy_from_slice(bytes);
        }
    }

    /// Appends a number in decimal, as `%u` does.
    #[inline]
    pub fn push_u32(&mut self, mut number: u32) {
        // `u32::MAX` has ten digits; zero has no logarithm, and one digit.
        let digits = number.checked_ilog10().unwrap_or(0).wrapping_add(1);

        let place = self.grow(digits as usize).unwrap_or(&mut []);

        // From the right; CAST: a remainder of ten fits.
        for digit in place.iter_mut().rev() {
            *digit = b'0' | (number % 10) as u8;
            number /= 10;
        }
    }

    /// Appends a number in decimal, as `%llu` does. 32-bit kernels lack core's 64-bit division.
    #[cfg(CONFIG_64BIT)]
    #[inline]
    pub fn push_u64(&mut self, mut number: u64) {
        let digits = number.checked_ilog10().unwrap_or(0).wrapping_add(1);

        let place = self.grow(digits as usize).unwrap_or(&mut []);

        // From the right; CAST: a remainder of ten fits.
        for digit in place.iter_mut().rev() {
            *digit = b'0' | (number % 10) as u8;
            number /= 10;
        }
    }

    /// Appends a number in decimal, as `%d` does.
    #[inline]
    pub fn push_i32(&mut self, number: i32) {
        if number < 0 {
            self.push(b"-");
        }
        self.push_u32(number.unsigned_abs());
    }

    /// Appends a string of unknown origin in the form that `audit_log_n_untrustedstring()` gives
    /// it: quoted, or in upper-case hex if it holds a quote, a space, a control or a non-ASCII
    /// byte.
    pub fn push_untrusted(&mut self, string: &[u8]) {
        if is_plain(string) {
            self.push(b"\"");
            self.push(string);
            self.push(b"\"");
        } else {
            for &byte in string {
                self.push(&[hex_digit(byte >> 4), hex_digit(byte)]);
            }
        }
    }
}

impl<const N: usize> Default for Text<N> {
    fn default() -> Self {
        Self::new()
    }
}

/// Returns whether a string can be quoted, as opposed to `audit_string_contains_control()`.
#[inline]
fn is_plain(string: &[u8]) -> bool {
    string
        .iter()
        .all(|&byte| byte.is_ascii_graphic() && byte != b'"')
}

/// Returns the length of a string in its untrusted form, in bytes.
pub fn untrusted_len(string: &[u8]) -> usize {
    if is_plain(string) {
        string.len().saturating_add(2)
    } else {
        string.len().saturating_mul(2)
    }
}

/// Returns the digit for the lower four bits of `byte`.
#[inline]
const fn hex_digit(byte: u8) -> u8 {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";

    DIGITS[(byte & 0xf) as usize]
}

#[macros::kunit_tests(rust_audit_text)]
mod tests {
    use super::*;

    fn text_of(write: impl FnOnce(&mut Text<32>)) -> Text<32> {
        let mut text = Text::new();
        write(&mut text);
        text
    }

    #[test]
    fn numbers_are_decimal() {
        assert_eq!(text_of(|t| t.push_u32(0)).as_bytes(), b"0");
        assert_eq!(text_of(|t| t.push_u32(9)).as_bytes(), b"9");
        assert_eq!(text_of(|t| t.push_u32(10)).as_bytes(), b"10");
        assert_eq!(text_of(|t| t.push_u32(u32::MAX)).as_bytes(), b"4294967295");
        assert_eq!(text_of(|t| t.push_i32(-1)).as_bytes(), b"-1");
        assert_eq!(text_of(|t| t.push_i32(i32::MAX)).as_bytes(), b"2147483647");
        assert_eq!(text_of(|t| t.push_i32(i32::MIN)).as_bytes(), b"-2147483648");
    }

    #[test]
    #[cfg(CONFIG_64BIT)]
    fn long_numbers_are_decimal() {
        assert_eq!(text_of(|t| t.push_u64(0)).as_bytes(), b"0");
        assert_eq!(
            text_of(|t| t.push_u64(10_u64.pow(19))).as_bytes(),
            b"10000000000000000000"
        );
        assert_eq!(
            text_of(|t| t.push_u64(u64::MAX)).as_bytes(),
            b"18446744073709551615"
        );
    }

    #[test]
    fn plain_strings_are_quoted() {
        assert_eq!(text_of(|t| t.push_untrusted(b"")).as_bytes(), b"\"\"");
        assert_eq!(text_of(|t| t.push_untrusted(b"sh")).as_bytes(), b"\"sh\"");
        assert_eq!(
            text_of(|t| t.push_untrusted(b"a=b'!~")).as_bytes(),
            b"\"a=b'!~\""
        );
    }

    #[test]
    fn other_strings_are_hex() {
        assert_eq!(text_of(|t| t.push_untrusted(b"a b")).as_bytes(), b"612062");
        assert_eq!(text_of(|t| t.push_untrusted(b"\"")).as_bytes(), b"22");
        assert_eq!(text_of(|t| t.push_untrusted(b"\n\x7f")).as_bytes(), b"0A7F");
        assert_eq!(
            text_of(|t| t.push_untrusted(b"\xc3\xa4")).as_bytes(),
            b"C3A4"
        );
    }

    #[test]
    fn the_length_of_a_string_is_foreseen() {
        for string in [&b""[..], b"sh", b"a b", b"\"", b"\xff"] {
            let text = text_of(|t| t.push_untrusted(string));
            assert_eq!(text.as_bytes().len(), untrusted_len(string));
        }
    }

    #[test]
    fn what_does_not_fit_is_left_out() {
        let mut text = Text::<4>::new();
        text.push(b"abc");
        text.push_u32(12);
        assert_eq!(text.as_bytes(), b"abc");
        text.push_u32(1);
        assert_eq!(text.as_bytes(), b"abc1");
        text.push(b"d");
        assert_eq!(text.as_bytes(), b"abc1");
    }
}

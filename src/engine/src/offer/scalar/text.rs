//! Texts, patterns, digests and samples.

use crate::offer::Function;

/// Functions of texts.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("ascii(text)")
        .says("The number of the first character in Unicode.")
        .gives("ascii('A')", "65"),
    Function::new("bit_length(text)")
        .says("How many bits a text has in UTF-8.")
        .gives("bit_length('é')", "16"),
    Function::new("btrim(text[, characters])")
        .or(&["trim"])
        .says("The text without blanks, or these characters, at both ends.")
        .gives("btrim('  doll ')", "doll"),
    Function::new("character_length(text)")
        .or(&["length", "char_length"])
        .says("How many characters a text has.")
        .gives("length('café')", "4"),
    Function::new("chr(integer)")
        .says("The character of that number in Unicode.")
        .gives("chr(233)", "é"),
    Function::new("concat(text, …)")
        .says("The texts joined; nulls are left out, where `||` gives null.")
        .gives("concat('a', NULL, 'b')", "ab"),
    Function::new("concat_ws(separator, text, …)")
        .says("The texts joined with a separator between them; nulls are left out.")
        .gives("concat_ws('-', 'a', NULL, 'b')", "a-b"),
    Function::new("contains(text, part)")
        .says("Whether a text has this part, which may be a column.")
        .gives("contains('wooden doll', 'doll')", "true"),
    Function::new("ends_with(text, end)")
        .says("Whether a text ends like this.")
        .gives("ends_with('doll.jpg', '.jpg')", "true"),
    Function::new("find_in_set(text, 'text,…')")
        .says("The place of a text among texts with commas between them, or 0.")
        .gives("find_in_set('b', 'a,b,c')", "2"),
    Function::new("initcap(text)")
        .says("The text with each word's first letter large and the others small.")
        .gives("initcap('wooden DOLL')", "Wooden Doll"),
    Function::new("left(text, n)")
        .says("The first n characters; all but the last ones where n is below zero.")
        .gives("left('doll', 2)", "do"),
    Function::new("lower(text)").says("The text in small letters.").gives("lower('DOLL')", "doll"),
    Function::new("ltrim(text[, characters])")
        .says("The text without blanks, or these characters, at its beginning.")
        .gives("ltrim('007', '0')", "7"),
    Function::new("octet_length(text)")
        .says("How many bytes a text has in UTF-8.")
        .gives("octet_length('café')", "5"),
    Function::new("replace(text, part, by)")
        .says("The text with every such part replaced.")
        .gives("replace('red doll', 'red', 'blue')", "blue doll"),
    Function::new("reverse(text)")
        .says("The characters in the opposite order.")
        .gives("reverse('abc')", "cba"),
    Function::new("right(text, n)")
        .says("The last n characters; all but the first ones where n is below zero.")
        .gives("right('doll', 2)", "ll"),
    Function::new("rtrim(text[, characters])")
        .says("The text without blanks, or these characters, at its end.")
        .gives("rtrim('doll...', '.')", "doll"),
    Function::new("split_part(text, separator, n)")
        .says("The n-th part of a text that a separator divides, counted from 1.")
        .gives("split_part('toys > dolls', ' > ', 2)", "dolls"),
    Function::new("starts_with(text, beginning)")
        .says("Whether a text begins like this.")
        .gives("starts_with('doll', 'do')", "true"),
    Function::new("strpos(text, part)")
        .or(&["instr", "position"])
        .says("The place of the first such part, counted from 1, or 0.")
        .gives("strpos('wooden doll', 'doll')", "8"),
    Function::new("substr(text, start[, length])")
        .or(&["substring"])
        .says("The part that begins at a place, counted from 1.")
        .gives("substr('wooden doll', 8, 2)", "do"),
    Function::new("substr_index(text, separator, n)")
        .or(&["substring_index"])
        .says("What stands before the n-th separator; after it, from the end, where n is below 0.")
        .gives("substr_index('www.example.com', '.', -2)", "example.com"),
    Function::new("to_hex(integer)")
        .says("The number in hexadecimal digits.")
        .gives("to_hex(255)", "ff"),
    Function::new("translate(text, characters, others)")
        .says("The text with each of these characters replaced by the other at its place.")
        .gives("translate('12,50', ',', '.')", "12.50"),
    Function::new("upper(text)").says("The text in large letters.").gives("upper('doll')", "DOLL"),
];

/// Functions of patterns; `vet` sees to it that these are literals.
pub(super) const PATTERNS: &[Function] = &[
    Function::new("regexp_count(text, 'pattern'[, start[, 'flags']])")
        .says("How often a pattern is met, from a place on.")
        .gives("regexp_count('a1b22', '[0-9]+')", "2"),
    Function::new("regexp_instr(text, 'pattern'[, start])")
        .says("The place where a pattern is first met, counted from 1, or 0.")
        .gives("regexp_instr('ab12', '[0-9]')", "3"),
    Function::new("regexp_like(text, 'pattern'[, 'flags'])")
        .says("Whether a text meets a pattern anywhere; flag `i` takes large letters for small.")
        .gives("regexp_like('Wooden Doll', 'doll$', 'i')", "true"),
    Function::new("regexp_match(text, 'pattern'[, 'flags'])")
        .says("A list of what the groups of a pattern met first, or of the whole.")
        .gives("regexp_match('size 42 cm', '([0-9]+) (cm|mm)')", "[\"42\",\"cm\"]"),
    Function::new("regexp_replace(text, 'pattern', by[, 'flags'])")
        .says("The text with the first place that meets a pattern replaced; flag `g` takes all.")
        .gives("regexp_replace('a1b2', '[0-9]', '#', 'g')", "a#b#"),
];

/// Digests of texts, and samples.
pub(super) const DIGESTS: &[Function] = &[
    Function::new("digest(text, 'algorithm')")
        .says(
            "The digest as bytes: md5, sha224, sha256, sha384, sha512, blake2s, blake2b or blake3.",
        )
        .gives("digest('a', 'sha256') = sha256('a')", "true"),
    Function::new("md5(text)")
        .says("The MD5 digest in hexadecimal digits.")
        .gives("md5('a')", "0cc175b9c0f1b6a831c399e269772661"),
    Function::new("sample(key, 'seed')")
        .says(
            "A number from 0 up to, not including, 1: always the same for a key and a seed. Keys \
             are texts, whole numbers or days; see below.",
        )
        .gives("sample('A1', 'pilot')", "0.5598872828209688"),
    Function::new("sha224(text)")
        .says("The SHA-224 digest as bytes.")
        .gives("sha224('a') = digest('a', 'sha224')", "true"),
    Function::new("sha256(text)")
        .says("The SHA-256 digest as bytes.")
        .gives("sha256('a')", "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"),
    Function::new("sha384(text)")
        .says("The SHA-384 digest as bytes.")
        .gives("sha384('a') = digest('a', 'sha384')", "true"),
    Function::new("sha512(text)")
        .says("The SHA-512 digest as bytes.")
        .gives("sha512('a') = digest('a', 'sha512')", "true"),
];

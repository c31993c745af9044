//! Numbers.

use crate::offer::Function;

/// Functions of numbers.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("abs(number)").says("The number without its sign.").gives("abs(-2.5)", "2.5"),
    Function::new("acos(number)").says("The arc cosine, in radians.").gives("acos(1)", "0.0"),
    Function::new("acosh(number)").says("The inverse hyperbolic cosine.").gives("acosh(1)", "0.0"),
    Function::new("asin(number)").says("The arc sine, in radians.").gives("asin(0)", "0.0"),
    Function::new("asinh(number)").says("The inverse hyperbolic sine.").gives("asinh(0)", "0.0"),
    Function::new("atan(number)").says("The arc tangent, in radians.").gives("atan(0)", "0.0"),
    Function::new("atan2(y, x)")
        .says("The angle of the point (x, y), in radians.")
        .gives("round(atan2(1, 1), 4)", "0.7854"),
    Function::new("atanh(number)").says("The inverse hyperbolic tangent.").gives("atanh(0)", "0.0"),
    Function::new("cbrt(number)").says("The cube root.").gives("cbrt(27)", "3.0"),
    Function::new("ceil(number)")
        .says("The next whole number that is not smaller.")
        .gives("ceil(2.1)", "3.0"),
    Function::new("cos(number)").says("The cosine of an angle in radians.").gives("cos(0)", "1.0"),
    Function::new("cosh(number)").says("The hyperbolic cosine.").gives("cosh(0)", "1.0"),
    Function::new("cot(number)")
        .says("The cotangent of an angle in radians.")
        .gives("round(cot(1), 4)", "0.6421"),
    Function::new("degrees(number)")
        .says("An angle in radians, in degrees.")
        .gives("degrees(pi())", "180.0"),
    Function::new("exp(number)").says("The exponential function.").gives("exp(0)", "1.0"),
    Function::new("factorial(integer)")
        .says("The product of the whole numbers from 1; of 20 at most.")
        .gives("factorial(5)", "120"),
    Function::new("floor(number)")
        .says("The next whole number that is not larger.")
        .gives("floor(2.9)", "2.0"),
    Function::new("gcd(integer, integer)")
        .says("The greatest common divisor.")
        .gives("gcd(12, 18)", "6"),
    Function::new("isnan(number)")
        .says("Whether a number of type DOUBLE is none, such as 0.0 / 0.0.")
        .gives("isnan(0.0 / 0.0)", "true"),
    Function::new("iszero(number)").says("Whether a number is zero.").gives("iszero(0.0)", "true"),
    Function::new("lcm(integer, integer)")
        .says("The least common multiple.")
        .gives("lcm(4, 6)", "12"),
    Function::new("ln(number)").says("The natural logarithm.").gives("ln(1)", "0.0"),
    Function::new("log([base, ]number)")
        .says("The logarithm to a base, 10 where none is given.")
        .gives("log(2, 8)", "3.0"),
    Function::new("log10(number)").says("The logarithm to base 10.").gives("log10(1000)", "3.0"),
    Function::new("log2(number)").says("The logarithm to base 2.").gives("log2(8)", "3.0"),
    Function::new("nanvl(number, other)")
        .says("The first number, or the other where it is not a number.")
        .gives("nanvl(0.0 / 0.0, 1.5)", "1.5"),
    Function::new("pi()").says("The number π.").gives("round(pi(), 5)", "3.14159"),
    Function::new("power(number, exponent)")
        .or(&["pow"])
        .says("The number raised to a power.")
        .gives("power(2, 10)", "1024.0"),
    Function::new("radians(number)")
        .says("An angle in degrees, in radians.")
        .gives("round(radians(180), 4)", "3.1416"),
    Function::new("round(number[, digits])")
        .says("The number rounded to so many digits after the point, half away from zero.")
        .gives("round(2.345, 2)", "2.35"),
    Function::new("signum(number)")
        .says("The sign of a number: -1, 0 or 1.")
        .gives("signum(-3)", "-1.0"),
    Function::new("sin(number)").says("The sine of an angle in radians.").gives("sin(0)", "0.0"),
    Function::new("sinh(number)").says("The hyperbolic sine.").gives("sinh(0)", "0.0"),
    Function::new("sqrt(number)").says("The square root.").gives("sqrt(16)", "4.0"),
    Function::new("tan(number)").says("The tangent of an angle in radians.").gives("tan(0)", "0.0"),
    Function::new("tanh(number)").says("The hyperbolic tangent.").gives("tanh(0)", "0.0"),
    Function::new("trunc(number[, digits])")
        .says("The number cut to so many digits after the point.")
        .gives("trunc(2.987, 1)", "2.9"),
];

//! What is for sale: the categories of the marketplace, and one product drawn from them.

use crate::draw::Draw;
use crate::infringements::{self as held, Infringement};
use crate::words;

/// Kinds of infringement with how common they are.
pub(crate) type Mix = &'static [(u64, &'static Infringement)];

/// A product category, the narrowest kind.
#[derive(Debug)]
pub(crate) struct ProductCategory {
    /// Its identifier.
    pub(crate) id: &'static str,
    /// It and those above it.
    pub(crate) path: &'static str,
    /// Its noun in each of the languages of listings.
    pub(crate) nouns: [&'static str; 8],
    /// Prices, in cents.
    prices: [i64; 2],
    /// Whether its products need the CE marking.
    pub(crate) needs_ce: bool,
    /// Whether its products need warnings.
    pub(crate) needs_warning: bool,
    /// Whether adults only may buy.
    pub(crate) for_adults: bool,
    /// What is held against its listings.
    pub(crate) infringements: Mix,
}

/// What is held against things that can hurt.
const SAFETY: Mix = &[
    (46, &held::UNSAFE_PRODUCT),
    (14, &held::PROHIBITED_PRODUCT),
    (10, &held::TRADER_INFORMATION),
    (9, &held::MISLEADING_CLAIM),
    (8, &held::TRADEMARK),
    (6, &held::INAUTHENTIC_LISTING),
    (4, &held::PRICING),
    (3, &held::LANGUAGE),
];
/// What is held against things with a name.
const BRANDS: Mix = &[
    (48, &held::TRADEMARK),
    (12, &held::COPYRIGHT),
    (11, &held::DESIGN),
    (10, &held::INAUTHENTIC_LISTING),
    (7, &held::MISLEADING_CLAIM),
    (5, &held::TRADER_INFORMATION),
    (4, &held::PRICING),
    (3, &held::PHISHING),
];
/// What is held against things that are swallowed or put on the skin.
const CLAIMS: Mix = &[
    (34, &held::MISLEADING_CLAIM),
    (24, &held::PROHIBITED_PRODUCT),
    (14, &held::UNSAFE_PRODUCT),
    (12, &held::TRADER_INFORMATION),
    (8, &held::NOT_PERMITTED),
    (8, &held::TRADEMARK),
];
/// What is held against things for adults.
const ADULTS: Mix = &[
    (44, &held::MINORS),
    (28, &held::PROHIBITED_PRODUCT),
    (16, &held::NOT_PERMITTED),
    (12, &held::UNSAFE_PRODUCT),
];
/// What is held against the rest.
const EVERYDAY: Mix = &[
    (24, &held::PRICING),
    (20, &held::MISLEADING_CLAIM),
    (18, &held::TRADER_INFORMATION),
    (14, &held::NOT_PERMITTED),
    (12, &held::COPYRIGHT),
    (8, &held::INAUTHENTIC_LISTING),
    (4, &held::LANGUAGE),
];
/// What is held against things for animals and of them.
const ANIMALS: Mix = &[
    (40, &held::ANIMALS),
    (25, &held::NOT_PERMITTED),
    (20, &held::MISLEADING_CLAIM),
    (15, &held::TRADER_INFORMATION),
];

/// Shortens the table below.
const fn category(
    [id, path]: [&'static str; 2],
    nouns: [&'static str; 8],
    prices: [i64; 2],
    [needs_ce, needs_warning, for_adults]: [bool; 3],
    infringements: Mix,
) -> ProductCategory {
    ProductCategory { id, path, nouns, prices, needs_ce, needs_warning, for_adults, infringements }
}

/// The categories, from the one with the most listings.
pub(crate) static CATEGORIES: [ProductCategory; 18] = [
    category(
        ["k-101", "Fashion > Shoes > Trainers"],
        [
            "trainers",
            "Sneaker",
            "baskets",
            "zapatillas",
            "scarpe sportive",
            "buty sportowe",
            "sneakers",
            "ténis",
        ],
        [1_200, 16_000],
        [false, false, false],
        BRANDS,
    ),
    category(
        ["k-102", "Electronics > Power > Chargers"],
        [
            "charger",
            "Ladegerät",
            "chargeur",
            "cargador",
            "caricatore",
            "ładowarka",
            "oplader",
            "carregador",
        ],
        [400, 6_000],
        [true, true, false],
        SAFETY,
    ),
    category(
        ["k-103", "Home > Textiles > Bedding"],
        [
            "duvet cover",
            "Bettwäsche",
            "housse de couette",
            "funda nórdica",
            "copripiumino",
            "pościel",
            "dekbedovertrek",
            "capa de edredão",
        ],
        [1_500, 14_000],
        [false, false, false],
        EVERYDAY,
    ),
    category(
        ["k-104", "Toys > Building > Magnetic sets"],
        [
            "magnetic building set",
            "Magnetbaukasten",
            "jeu de construction magnétique",
            "juego de construcción magnético",
            "costruzioni magnetiche",
            "klocki magnetyczne",
            "magnetische bouwset",
            "jogo de construção magnético",
        ],
        [900, 9_000],
        [true, true, false],
        SAFETY,
    ),
    category(
        ["k-105", "Electronics > Audio > Headphones"],
        [
            "headphones",
            "Kopfhörer",
            "casque audio",
            "auriculares",
            "cuffie",
            "słuchawki",
            "koptelefoon",
            "auscultadores",
        ],
        [800, 30_000],
        [true, false, false],
        BRANDS,
    ),
    category(
        ["k-106", "Beauty > Skin > Creams"],
        [
            "face cream",
            "Gesichtscreme",
            "crème visage",
            "crema facial",
            "crema viso",
            "krem do twarzy",
            "gezichtscrème",
            "creme facial",
        ],
        [500, 9_000],
        [false, true, false],
        CLAIMS,
    ),
    category(
        ["k-107", "Fashion > Bags > Handbags"],
        [
            "handbag",
            "Handtasche",
            "sac à main",
            "bolso",
            "borsa",
            "torebka",
            "handtas",
            "mala de mão",
        ],
        [1_500, 45_000],
        [false, false, false],
        BRANDS,
    ),
    category(
        ["k-108", "Toys > Plush > Animals"],
        [
            "soft toy",
            "Kuscheltier",
            "peluche",
            "peluche",
            "peluche",
            "pluszak",
            "knuffel",
            "peluche",
        ],
        [500, 4_500],
        [true, true, false],
        SAFETY,
    ),
    category(
        ["k-109", "Electronics > Lighting > Light strings"],
        [
            "light string",
            "Lichterkette",
            "guirlande lumineuse",
            "guirnalda de luces",
            "catena luminosa",
            "lampki",
            "lichtslinger",
            "grinalda de luzes",
        ],
        [500, 5_000],
        [true, true, false],
        SAFETY,
    ),
    category(
        ["k-110", "Health > Supplements > Capsules"],
        [
            "food supplement",
            "Nahrungsergänzung",
            "complément alimentaire",
            "complemento alimenticio",
            "integratore alimentare",
            "suplement diety",
            "voedingssupplement",
            "suplemento alimentar",
        ],
        [800, 7_000],
        [false, true, false],
        CLAIMS,
    ),
    category(
        ["k-111", "Fashion > Jewellery > Necklaces"],
        ["necklace", "Halskette", "collier", "collar", "collana", "naszyjnik", "ketting", "colar"],
        [400, 40_000],
        [false, false, false],
        BRANDS,
    ),
    category(
        ["k-112", "Sport > Protection > Bicycle helmets"],
        [
            "bicycle helmet",
            "Fahrradhelm",
            "casque de vélo",
            "casco de bicicleta",
            "casco da bici",
            "kask rowerowy",
            "fietshelm",
            "capacete de bicicleta",
        ],
        [1_500, 15_000],
        [true, true, false],
        SAFETY,
    ),
    category(
        ["k-113", "Beauty > Fragrance > Perfume"],
        ["perfume", "Parfüm", "parfum", "perfume", "profumo", "perfumy", "parfum", "perfume"],
        [900, 18_000],
        [false, true, false],
        BRANDS,
    ),
    category(
        ["k-114", "Pets > Dogs > Collars"],
        [
            "dog collar",
            "Hundehalsband",
            "collier pour chien",
            "collar para perro",
            "collare per cane",
            "obroża dla psa",
            "hondenhalsband",
            "coleira para cão",
        ],
        [400, 6_000],
        [false, false, false],
        ANIMALS,
    ),
    category(
        ["k-115", "Baby > Sleep > Cot bumpers"],
        [
            "cot bumper",
            "Bettumrandung",
            "tour de lit",
            "protector de cuna",
            "paracolpi",
            "ochraniacz do łóżeczka",
            "bedomrander",
            "protetor de berço",
        ],
        [1_200, 7_000],
        [false, true, false],
        SAFETY,
    ),
    category(
        ["k-116", "Car > Brakes > Brake pads"],
        [
            "brake pads",
            "Bremsbeläge",
            "plaquettes de frein",
            "pastillas de freno",
            "pastiglie freno",
            "klocki hamulcowe",
            "remblokken",
            "pastilhas de travão",
        ],
        [1_500, 12_000],
        [false, true, false],
        SAFETY,
    ),
    category(
        ["k-117", "Smoking > E-cigarettes > Disposable"],
        [
            "e-cigarette",
            "E-Zigarette",
            "cigarette électronique",
            "cigarrillo electrónico",
            "sigaretta elettronica",
            "e-papieros",
            "e-sigaret",
            "cigarro eletrónico",
        ],
        [500, 4_000],
        [true, true, true],
        ADULTS,
    ),
    category(
        ["k-118", "Garden > Machines > Chainsaws"],
        [
            "chainsaw",
            "Kettensäge",
            "tronçonneuse",
            "motosierra",
            "motosega",
            "piła łańcuchowa",
            "kettingzaag",
            "motosserra",
        ],
        [4_000, 60_000],
        [true, true, false],
        SAFETY,
    ),
];

/// One product; several listings may offer it.
#[derive(Clone, Debug)]
pub(crate) struct Product {
    /// Its category.
    pub(crate) category: &'static ProductCategory,
    /// The brand it is said to have.
    pub(crate) brand: Option<String>,
    /// The maker that is named.
    pub(crate) manufacturer: Option<String>,
    /// Its EAN-13, from the range that shops number for themselves, so that it is nobody's product.
    pub(crate) gtin: Option<String>,
    /// What tells it from others of its brand.
    pub(crate) model: u64,
    /// Its usual price, in cents.
    pub(crate) price: i64,
    /// What is the same in its near duplicates.
    pub(crate) fingerprint: u64,
}

impl Product {
    /// Draws a product.
    pub(crate) fn new(draw: &mut Draw) -> Self {
        /// How many brands there are.
        const BRANDS: u64 = 600;
        let category = &CATEGORIES[crate::draw::index(draw.rank(CATEGORIES.len() as u64))];
        let brand = draw.rank(BRANDS);
        let [low, high] = category.prices;
        Self {
            category,
            brand: draw.chance(720).then(|| words::brand(brand)),
            manufacturer: draw.chance(780).then(|| words::company(brand, "CN")),
            gtin: draw.chance(640).then(|| gtin(draw)),
            model: 100 + draw.below(900),
            price: draw.spread(low..high),
            fingerprint: draw.bits(),
        }
    }
}

/// An EAN-13 whose check digit is wrong in a few cases, as traders mistype and invent them.
fn gtin(draw: &mut Draw) -> String {
    let digits = format!("2{:011}", draw.below(100_000_000_000));
    let sum: u32 = digits
        .bytes()
        .zip([1, 3].into_iter().cycle())
        .map(|(digit, weight)| u32::from(digit - b'0') * weight)
        .sum();
    let check = (10 - sum % 10) % 10;
    let slip = u32::from(draw.chance(30));
    format!("{digits}{}", (check + slip) % 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::{Keys, Stream};

    #[test]
    fn most_item_numbers_have_a_valid_check_digit() {
        let mut draw = Keys::new(1).stream(Stream::Product).row(0);
        let valid = |gtin: &str| {
            let weights = [1, 3].into_iter().cycle();
            let sum: u32 = gtin.bytes().zip(weights).map(|(d, w)| u32::from(d - b'0') * w).sum();
            sum.is_multiple_of(10)
        };

        let count = (0..1000).filter(|_| valid(&gtin(&mut draw))).count();

        assert!((940..=990).contains(&count), "{count}");
    }
}
